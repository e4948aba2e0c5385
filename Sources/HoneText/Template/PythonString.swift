/// What Python's string methods do, on Unicode scalars.
extension String {
    /// `strip`: without white space, or without any of `characters`, at the chosen ends.
    func pythonStripped(_ characters: String? = nil, start: Bool = true, end: Bool = true) -> String
    {
        let dropped: (Unicode.Scalar) -> Bool
        if let characters {
            let set = Set(characters.unicodeScalars)
            dropped = { set.contains($0) }
        } else {
            dropped = { $0.isPythonSpace }
        }
        var rest = unicodeScalars[...]
        if start { while let first = rest.first, dropped(first) { rest.removeFirst() } }
        if end { while let last = rest.last, dropped(last) { rest.removeLast() } }
        return String(rest)
    }

    /// `split()`: the runs between white space.
    func pythonWords(most: Int, fromEnd: Bool) -> [String] {
        if fromEnd {
            let reversed = String(unicodeScalars.reversed()).pythonWords(most: most, fromEnd: false)
            return reversed.reversed().map { String($0.unicodeScalars.reversed()) }
        }
        var words: [String] = []
        var rest = unicodeScalars[...].drop { $0.isPythonSpace }
        while !rest.isEmpty {
            guard words.count < most else {
                words.append(String(rest))
                break
            }
            let word = rest.prefix { !$0.isPythonSpace }
            words.append(String(word))
            rest = rest[word.endIndex...].drop { $0.isPythonSpace }
        }
        return words
    }

    /// `split(mark)`: the parts between the marks, at most `most` of them counted from one end.
    func pythonParts(separatedBy mark: String, most: Int, fromEnd: Bool) -> [String] {
        let (text, part) = (Array(utf8), Array(mark.utf8))
        var parts: [String] = []
        if fromEnd {
            var end = text.count
            while parts.count < most, let found = TextSearch.last(part, in: text, before: end) {
                parts.append(String(decoding: text[(found + part.count)..<end], as: UTF8.self))
                end = found
            }
            parts.append(String(decoding: text[..<end], as: UTF8.self))
            return parts.reversed()
        }
        var start = 0
        while parts.count < most, let found = TextSearch.first(part, in: text, from: start) {
            parts.append(String(decoding: text[start..<found], as: UTF8.self))
            start = found + part.count
        }
        parts.append(String(decoding: text[start...], as: UTF8.self))
        return parts
    }

    /// `replace`; a negative count replaces all.
    func pythonReplacing(_ old: String, _ new: String, count: Int = -1) -> String {
        let most = count < 0 ? Int.max : count
        guard most > 0 else { return self }
        guard !old.isEmpty else {
            var output = ""
            var replaced = 0
            for scalar in unicodeScalars {
                if replaced < most {
                    output += new
                    replaced += 1
                }
                output.unicodeScalars.append(scalar)
            }
            return replaced < most ? output + new : output
        }
        return pythonParts(separatedBy: old, most: most, fromEnd: false).joined(separator: new)
    }

    /// `splitlines`.
    func pythonLines(keepingEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var rest = unicodeScalars[...]
        while !rest.isEmpty {
            let line = rest.prefix { !$0.isPythonLineBreak }
            var end = line.endIndex
            if end < rest.endIndex {
                let mark = rest[end]
                end = rest.index(after: end)
                if mark == "\r", end < rest.endIndex, rest[end] == "\n" {
                    end = rest.index(after: end)
                }
            }
            lines.append(String(keepingEnds ? rest[..<end] : line))
            rest = rest[end...]
        }
        return lines
    }

    func removing(prefix: String) -> String {
        guard utf8.starts(with: prefix.utf8) else { return self }
        return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    func removing(suffix: String) -> String {
        guard !suffix.isEmpty, utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else {
            return self
        }
        return String(decoding: utf8.dropLast(suffix.utf8.count), as: UTF8.self)
    }

    /// `zfill`: zeros after the sign.
    func zeroFilled(_ width: Int) -> String {
        let missing = width - scalarCount
        guard missing > 0 else { return self }
        let zeros = String(repeating: "0", count: missing)
        guard let sign = unicodeScalars.first, sign == "-" || sign == "+" else {
            return zeros + self
        }
        return String(sign) + zeros + String(unicodeScalars.dropFirst())
    }

    func expandingTabs(_ size: Int) -> String {
        var output = String.UnicodeScalarView()
        var column = 0
        for scalar in unicodeScalars {
            switch scalar {
            case "\t":
                guard size > 0 else { continue }
                let missing = size - column % size
                output.append(contentsOf: repeatElement(" ", count: missing))
                column += missing
            case "\n", "\r":
                output.append(scalar)
                column = 0
            default:
                output.append(scalar)
                column += 1
            }
        }
        return String(output)
    }
}
