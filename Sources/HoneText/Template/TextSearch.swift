/// Finding text in text, scalar by scalar. UTF-8 never has one character's bytes inside another's,
/// so bytes are compared.
enum TextSearch {
    static func contains(_ part: String, in text: String) -> Bool {
        first(Array(part.utf8), in: Array(text.utf8)) != nil
    }

    /// The byte offset of the first occurrence of `part` at or after `start`.
    static func first(_ part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
        guard part.count <= text.count - start else { return nil }
        guard let head = part.first else { return start }
        guard part.count <= longestTried else { return firstOfLong(part, in: text, from: start) }
        let last = text.count - part.count
        var position = start
        while position <= last {
            if text[position] == head, matches(part, text, at: position) { return position }
            position += 1
        }
        return nil
    }

    /// A longer part is not tried anew at each place, which would take the product of both lengths.
    private static let longestTried = 64

    /// The search of Knuth, Morris and Pratt, which takes the sum of both lengths.
    private static func firstOfLong(_ part: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        // For each place of the part, how much of its beginning ends there.
        var borders = [Int](repeating: 0, count: part.count)
        var matched = 0
        for index in 1..<part.count {
            while matched > 0, part[index] != part[matched] { matched = borders[matched - 1] }
            if part[index] == part[matched] { matched += 1 }
            borders[index] = matched
        }
        matched = 0
        for index in start..<text.count {
            while matched > 0, text[index] != part[matched] { matched = borders[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count { return index + 1 - part.count }
        }
        return nil
    }

    /// The byte offset of the last occurrence of `part` that ends at or before `end`.
    static func last(_ part: [UInt8], in text: [UInt8], before end: Int? = nil) -> Int? {
        if part.count > longestTried {
            let head = text[..<(end ?? text.count)]
            return first(part.reversed(), in: head.reversed()).map { head.count - part.count - $0 }
        }
        var position = (end ?? text.count) - part.count
        while position >= 0 {
            if matches(part, text, at: position) { return position }
            position -= 1
        }
        return nil
    }

    private static func matches(_ part: [UInt8], _ text: [UInt8], at position: Int) -> Bool {
        for offset in part.indices where text[position + offset] != part[offset] { return false }
        return true
    }
}

extension Unicode.Scalar {
    /// Whether Python counts this as white space (`str.isspace`, `\s`).
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    /// Whether `str.splitlines` ends a line here.
    var isPythonLineBreak: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}

extension String {
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }

    /// How many Unicode scalars: Python's `len`.
    var scalarCount: Int { unicodeScalars.count }
}
