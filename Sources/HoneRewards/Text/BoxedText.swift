/// The `\boxed{…}` of a text.
enum BoxedText {
    private static let commands = ["\\boxed", "\\fbox"].map { Array($0.utf8) }

    /// What each box holds, from left to right; a box that is never closed holds nothing. `\boxed 5`
    /// holds the next word.
    static func contents(in text: String) -> [String] {
        let bytes = Array(text.utf8)
        var found: [String] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"),
                let command = commands.first(where: { bytes.has($0, at: index) })
            else {
                index += 1
                continue
            }
            index += command.count
            guard index < bytes.count else { break }
            if bytes[index] == UInt8(ascii: "{") {
                guard let end = closingBrace(in: bytes, from: index) else { continue }
                found.append(bytes.text(index + 1..<end))
            } else if bytes[index] == UInt8(ascii: " ") {
                let rest = bytes[(index + 1)...].prefix {
                    !$0.isASCIISpace && $0 != UInt8(ascii: "$")
                }
                if !rest.isEmpty { found.append(String(decoding: rest, as: UTF8.self)) }
            }
        }
        return found
    }

    /// The brace that closes the one at `start`; `\{` and `\}` do not count.
    static func closingBrace(in bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return nil
    }
}

extension UInt8 {
    var isASCIISpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
