import OrderedCollections

extension JSONValue {
    /// What Python's `str()` shows of this value after `json.loads`: text as it is, lists and objects
    /// as Python writes them (`[1, 'two', None]`). It is how a placeholder in a template is filled.
    public var pythonText: String {
        if case .string(let text) = self { return text }
        return pythonRepresentation
    }

    /// What Python's `repr()` shows of this value after `json.loads`.
    public var pythonRepresentation: String {
        switch self {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .int(let value): String(value)
        case .double(let value): Self.pythonNumber(value)
        case .string(let text): Self.pythonQuoted(text)
        case .array(let items):
            "[" + items.map(\.pythonRepresentation).joined(separator: ", ") + "]"
        case .object(let members):
            "{"
                + members.elements
                .map { Self.pythonQuoted($0.key) + ": " + $0.value.pythonRepresentation }
                .joined(separator: ", ") + "}"
        }
    }

    /// The shortest digits that read back to `value`, laid out as Python does: a point from 1e-4 up to
    /// 1e16, an exponent of at least two digits elsewhere.
    private static func pythonNumber(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let size = abs(value)
        let text = "\(value)"
        guard size >= 1e-4, size < 1e16, let mark = text.firstIndex(of: "e") else { return text }
        // Swift took an exponent where Python does not: move the point.
        let exponent = Int(text[text.index(after: mark)...]) ?? 0
        let mantissa = text[..<mark].drop { $0 == "-" }
        let digits = mantissa.filter { $0 != "." }
        let whole = mantissa.firstIndex(of: ".").map {
            mantissa.distance(from: mantissa.startIndex, to: $0)
        }
        let point = (whole ?? digits.count) + exponent
        let sign = value < 0 ? "-" : ""
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count {
            return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
        }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// `text` in single quotes, or in double quotes if it holds single ones and no double ones.
    private static func pythonQuoted(_ text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var output = String(Character(quote))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": output += "\\\\"
            case quote: output += "\\" + String(Character(quote))
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            default:
                if isPythonPrintable(scalar) {
                    output.unicodeScalars.append(scalar)
                } else {
                    output += escape(scalar)
                }
            }
        }
        return output + String(Character(quote))
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let hex = String(scalar.value, radix: 16)
        let (letter, width) =
            scalar.value <= 0xFF ? ("x", 2) : scalar.value <= 0xFFFF ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: width - hex.count) + hex
    }

    /// `str.isprintable`: not a control, format, surrogate, private, unassigned or separator
    /// character, except the space.
    private static func isPythonPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }
}
