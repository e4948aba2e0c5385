/// The `\boxed{…}` of a text.
enum BoxedText {
    private static let commands = ["\\boxed", "\\fbox"].map { Array($0.utf8) }

    /// One box.
    private struct Box {
        var content: String
        /// From the command to behind the closing brace.
        var range: Range<Int>
    }

    /// What each box holds, from left to right. `\boxed 5` holds the next word.
    /// - Parameters:
    ///   - text: where to look.
    ///   - isOpenAllowed: whether a box that is never closed holds the rest of the text; else it holds
    ///     nothing.
    static func contents(in text: String, isOpenAllowed: Bool = false) -> [String] {
        boxes(in: Array(text.utf8), isOpenAllowed: isOpenAllowed).map(\.content)
    }

    private static func boxes(in bytes: [UInt8], isOpenAllowed: Bool) -> [Box] {
        var found: [Box] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"),
                let command = commands.first(where: { bytes.has($0, at: index) })
            else {
                index += 1
                continue
            }
            let start = index
            index += command.count
            guard index < bytes.count else { break }
            if bytes[index] == UInt8(ascii: "{") {
                if let end = closingBrace(in: bytes, from: index) {
                    found.append(
                        Box(content: bytes.text(index + 1..<end), range: start..<end + 1))
                    index = end + 1
                } else if isOpenAllowed {
                    found.append(
                        Box(
                            content: bytes.text(index + 1..<bytes.count), range: start..<bytes.count
                        ))
                    break
                }
            } else if bytes[index] == UInt8(ascii: " ") {
                let rest = bytes[(index + 1)...].prefix {
                    !$0.isASCIISpace && $0 != UInt8(ascii: "$")
                }
                if !rest.isEmpty {
                    found.append(
                        Box(
                            content: String(decoding: rest, as: UTF8.self),
                            range: start..<rest.endIndex))
                }
            }
        }
        return found
    }

    /// The last box together with those before it that belong to the same answer, as in `\boxed{1} and
    /// \boxed{2}`: at most 9 bytes apart, or at most 69 with a comma, a semicolon, "and" or "or" between.
    /// - Returns: their contents with commas between, and where they stand.
    static func lastRun(in bytes: [UInt8]) -> (latex: String, range: Range<Int>)? {
        let found = boxes(in: bytes, isOpenAllowed: true)
        guard let last = found.last else { return nil }
        var contents = [last.content]
        var start = last.range.lowerBound
        for box in found.dropLast().reversed() {
            let between = bytes.text(box.range.upperBound..<start)
            let isNear = between.utf8.count < 10
            let isListed =
                between.utf8.count < 70 && box.content != contents[0] && isSeparated(between)
            guard isNear || isListed else { break }
            if contents[0] != box.content { contents.insert(box.content, at: 0) }
            start = box.range.lowerBound
        }
        return (contents.joined(separator: ","), start..<last.range.upperBound)
    }

    private static func isSeparated(_ text: String) -> Bool {
        text.contains(",") || text.contains(";")
            || text.split(whereSeparator: { !$0.isLetter }).contains { $0 == "and" || $0 == "or" }
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
