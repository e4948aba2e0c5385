/// Numbers as people and models write them.
///
/// Read: `42`, `-3.5`, `+.5`, `1e-3`, `1,234,567.8` (groups of three), `3/4`, `1 3/4`, `12%` (0.12),
/// a currency sign before or behind, U+2212 as minus. A full stop at the end is punctuation.
/// Not read: anything with letters, `1,23`, LaTeX, numbers beyond the range of a double (`1e999`).
enum WrittenNumber {
    /// The value of `text` if it is one number and nothing else.
    static func value(of text: some StringProtocol) -> Double? {
        var rest = PythonText.strip(text).replacing("\u{2212}", with: "-")
        if rest.hasSuffix(".") { rest.removeLast() }
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest.removeFirst()
        }
        let currency: Set<Character> = ["$", "€", "£", "¥"]
        if let first = rest.first, currency.contains(first) {
            rest.removeFirst()
        } else if let last = rest.last, currency.contains(last) {
            rest.removeLast()
        }
        rest = PythonText.strip(rest)
        var scale = 1.0
        if rest.hasSuffix("%") {
            rest = PythonText.strip(rest.dropLast())
            scale = 0.01
        }
        guard let magnitude = mixed(rest), magnitude.isFinite else { return nil }
        // Dividing by 100 rounds once; multiplying by 0.01 would round twice.
        return sign * (scale == 1 ? magnitude : magnitude / 100)
    }

    /// The last number in `text`, as it is written there.
    static func last(in text: String) -> String? {
        let characters = Array(text)
        func isDigit(_ index: Int) -> Bool {
            characters.indices.contains(index) && characters[index].isASCII
                && characters[index].isNumber
        }
        guard let final = characters.indices.last(where: isDigit) else { return nil }
        // Backwards over digits and over separators that stand between or before digits.
        var start = final
        while start > 0 {
            let previous = characters[start - 1]
            let joins = previous == "." || previous == "," || previous == "/"
            guard isDigit(start - 1) || (joins && (isDigit(start - 2) || previous == ".")) else {
                break
            }
            start -= 1
        }
        if start > 0, ["-", "\u{2212}", "+"].contains(characters[start - 1]),
            start < 2 || !(isDigit(start - 2) || characters[start - 2] == ")")
        {
            start -= 1
        }
        var end = final + 1
        if end < characters.count, characters[end] == "%" { end += 1 }
        return String(characters[start..<end])
    }

    /// `a`, `a/b` or `w a/b`, without sign.
    private static func mixed(_ text: String) -> Double? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        switch parts.count {
        case 1: return fraction(parts[0])
        case 2:
            guard parts[1].contains("/"), let whole = decimal(parts[0]),
                let rest = fraction(parts[1])
            else { return nil }
            return whole + rest
        default:
            // `3 / 4`
            return parts.count == 3 && parts[1] == "/" ? fraction(parts[0] + "/" + parts[2]) : nil
        }
    }

    private static func fraction(_ text: some StringProtocol) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let numerator = decimal(parts[0]) else { return nil }
        guard parts.count == 2 else { return numerator }
        guard let denominator = decimal(parts[1]), denominator != 0 else { return nil }
        return numerator / denominator
    }

    /// Digits with optional thousands separators, decimal part and exponent; no sign.
    private static func decimal(_ text: some StringProtocol) -> Double? {
        guard let first = text.first, first == "." || (first.isASCII && first.isNumber) else {
            return nil
        }
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || ".,eE+-".contains($0)) }) else {
            return nil
        }
        guard text.contains(",") else { return Double(String(text)) }
        let point = text.firstIndex(of: ".") ?? text.endIndex
        let groups = text[..<point].split(separator: ",", omittingEmptySubsequences: false)
        guard (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }),
            !text[point...].contains(",")
        else { return nil }
        return Double(groups.joined() + text[point...])
    }
}
