import OrderedCollections

/// Values as Python's `str` and `repr` print them.
enum PythonText {
    /// What `{{ value }}` prints.
    static func string(_ value: TemplateValue) throws(TemplateError) -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .undefined: return ""
        case .int(let number): return String(number)
        default: return try representation(value)
        }
    }

    /// Python's `repr`.
    static func representation(_ value: TemplateValue) throws(TemplateError) -> String {
        var output = ""
        try write(value, to: &output, depth: 0)
        return output
    }

    private static func write(
        _ value: TemplateValue, to output: inout String, depth: Int
    ) throws(TemplateError) {
        guard depth < 200 else {
            throw TemplateError(.limit, "a value nested deeper than 200 levels")
        }
        switch value {
        case .undefined: output += "Undefined"
        case .none: output += "None"
        case .bool(let value): output += value ? "True" : "False"
        case .int(let value): output += String(value)
        case .double(let value): output += number(value)
        case .string(let text): output += quoted(text)
        case .markup(let text): output += "Markup(\(quoted(text)))"
        case .list(let items):
            try write(items, open: "[", close: "]", to: &output, depth)
        case .tuple(let tuple):
            try write(
                tuple.items, open: "(", close: tuple.items.count == 1 ? ",)" : ")", to: &output,
                depth)
        case .dict(let dict):
            output += "{"
            var isFirst = true
            for (key, value) in dict.entries {
                if !isFirst { output += ", " }
                isFirst = false
                try output.requireRoom()
                try write(key.value, to: &output, depth: depth + 1)
                output += ": "
                try write(value, to: &output, depth: depth + 1)
            }
            output += "}"
        case .view(let view):
            output += view.part.rawValue
            try write(view.values, open: "([", close: "])", to: &output, depth)
        case .range(let range):
            output += "range(\(range.start), \(range.stop)"
            if range.step != 1 { output += ", \(range.step)" }
            output += ")"
        case .namespace(let namespace):
            output += "<Namespace {"
            var isFirst = true
            for (name, value) in namespace.members {
                if !isFirst { output += ", " }
                isFirst = false
                output += quoted(name) + ": "
                try write(value, to: &output, depth: depth + 1)
            }
            output += "}>"
        case .loop(let loop):
            output += "<LoopContext \(loop.index0 + 1)/\(try loop.length())>"
        case .macro(let macro):
            output += "<Macro \(macro.definition.name.map(quoted) ?? "anonymous")>"
        case .iterator, .function, .method, .cycler, .joiner:
            // Python prints a memory address here, which no template can mean.
            throw TemplateError(
                .unsupported,
                "printing a \(value.typeName) object; call it, or pass it through 'list' first")
        }
    }

    private static func write(
        _ items: [TemplateValue], open: String, close: String, to output: inout String,
        _ depth: Int
    ) throws(TemplateError) {
        output += open
        var isFirst = true
        for item in items {
            if !isFirst { output += ", " }
            isFirst = false
            try write(item, to: &output, depth: depth + 1)
            try output.requireRoom()
        }
        output += close
    }

    /// The `repr` of a string: single quotes unless only those occur inside, escapes for what
    /// cannot be printed.
    static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let quote: Unicode.Scalar =
            scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var output = String.UnicodeScalarView()
        output.append(quote)
        for scalar in scalars {
            switch scalar {
            case quote, "\\":
                output.append("\\")
                output.append(scalar)
            case "\n": output.append(contentsOf: "\\n".unicodeScalars)
            case "\r": output.append(contentsOf: "\\r".unicodeScalars)
            case "\t": output.append(contentsOf: "\\t".unicodeScalars)
            case " "..."~": output.append(scalar)
            default:
                if scalar.isASCII || !isPrintable(scalar) {
                    output.append(contentsOf: escape(scalar).unicodeScalars)
                } else {
                    output.append(scalar)
                }
            }
        }
        output.append(quote)
        return String(output)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let (letter, width) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        let hex = String(scalar.value, radix: 16)
        return "\\\(letter)" + String(repeating: "0", count: width - hex.count) + hex
    }

    /// Python's `isprintable` of one character.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            false
        default: true
        }
    }

    /// The `repr` of a float: the shortest digits that read back as it, in exponent form below
    /// 1e-4 and from 1e16 on.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
        let (digits, exponent) = shortestDigits(abs(value))
        let sign = value < 0 ? "-" : ""
        // The value is 0.DIGITS × 10^exponent.
        if exponent > 16 || exponent < -3 {
            let power = exponent - 1
            var mantissa = String(digits.prefix(1))
            if digits.count > 1 { mantissa += "." + digits.dropFirst() }
            let size = abs(power)
            return "\(sign)\(mantissa)e\(power < 0 ? "-" : "+")\(size < 10 ? "0" : "")\(size)"
        }
        if exponent <= 0 {
            return sign + "0." + String(repeating: "0", count: -exponent) + digits
        }
        if digits.count <= exponent {
            return sign + digits + String(repeating: "0", count: exponent - digits.count) + ".0"
        }
        return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
    }

    /// The shortest decimal digits of a positive number, and where the point stands: the number is
    /// 0.DIGITS × 10^exponent.
    static func shortestDigits(_ value: Double) -> (digits: String, exponent: Int) {
        // Swift prints the same digits as Python and differs only in where it begins to use
        // exponents.
        var text = Substring("\(value)")
        var exponent = 0
        if let mark = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = text[..<mark]
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        var digits = parts.joined()
        exponent += parts[0].count
        while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        while digits.count > 1, digits.hasPrefix("0") {
            digits.removeFirst()
            exponent -= 1
        }
        return (digits, exponent)
    }
}
