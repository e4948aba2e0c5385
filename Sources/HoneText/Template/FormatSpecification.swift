import Foundation

/// Python's mini-language of formats, `[[fill]align][sign][#][0][width][,][.precision][type]`, and
/// the layout of numbers that `%` formatting shares with it.
struct FormatSpecification {
    enum Alignment: Unicode.Scalar {
        case left = "<"
        case right = ">"
        case centre = "^"
        case afterSign = "="
    }

    var fill: Unicode.Scalar = " "
    var alignment: Alignment?
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var type: Unicode.Scalar?

    init() {}

    init(_ text: String) throws(TemplateError) {
        var rest = text.unicodeScalars[...]
        func digits() -> Int? {
            let run = rest.prefix { $0.isASCIIDigit }
            rest = rest[run.endIndex...]
            return Int(String(run))
        }
        if rest.count > 1, let mark = Alignment(rawValue: rest[rest.index(after: rest.startIndex)])
        {
            fill = rest.removeFirst()
            alignment = mark
            rest.removeFirst()
        } else if let mark = rest.first.flatMap(Alignment.init) {
            alignment = mark
            rest.removeFirst()
        }
        if let mark = rest.first, ["+", "-", " "].contains(mark) { sign = rest.removeFirst() }
        if rest.first == "#" {
            isAlternate = true
            rest.removeFirst()
        }
        if rest.first == "0" {
            rest.removeFirst()
            if alignment == nil { (fill, alignment) = ("0", .afterSign) }
        }
        width = digits() ?? 0
        if let mark = rest.first, mark == "," || mark == "_" { grouping = rest.removeFirst() }
        if rest.first == "." {
            rest.removeFirst()
            guard let value = digits() else {
                throw TemplateError(.value, "Format specifier missing precision")
            }
            precision = value
        }
        type = rest.popFirst()
        guard rest.isEmpty, width <= 1_000_000, precision ?? 0 <= 1_000 else {
            throw TemplateError(.value, "Invalid format specifier '\(text)'")
        }
    }

    /// Python's `format(value, specification)`.
    func format(_ value: TemplateValue) throws(TemplateError) -> String {
        switch value {
        case .string(let text), .markup(let text):
            guard type == nil || type == "s" else { throw unknown(value) }
            guard alignment != .afterSign else {
                throw TemplateError(
                    .value, "'=' alignment not allowed in string format specifier")
            }
            let shown = precision.map { String(text.unicodeScalars.prefix($0)) } ?? text
            return padded(sign: "", shown, standard: .left)
        case .bool(let flag) where type == nil:
            return padded(sign: "", flag ? "True" : "False", standard: .left)
        case .int, .bool, .double: return try number(value)
        default:
            guard self.isEmpty else {
                throw TemplateError(
                    .type,
                    "unsupported format string passed to \(value.typeName).__format__")
            }
            return try PythonText.string(value)
        }
    }

    private var isEmpty: Bool {
        alignment == nil && width == 0 && precision == nil && type == nil && grouping == nil
            && sign == "-" && !isAlternate
    }

    private func unknown(_ value: TemplateValue) -> TemplateError {
        TemplateError(
            .value,
            "Unknown format code '\(type.map(String.init) ?? "")' for object of type "
                + "'\(value.typeName)'")
    }

    private func number(_ value: TemplateValue) throws(TemplateError) -> String {
        guard let number = Number(value) else { throw unknown(value) }
        if case .int(let integer) = number,
            type.map({ "bcdnoxX".unicodeScalars.contains($0) }) ?? true
        {
            guard precision == nil else {
                throw TemplateError(.value, "Precision not allowed in integer format specifier")
            }
            if type == "c" {
                guard let scalar = UInt32(exactly: integer).flatMap(Unicode.Scalar.init) else {
                    throw TemplateError(.overflow, "%c arg not in range(0x110000)")
                }
                return padded(sign: "", String(scalar), standard: .left)
            }
            return padded(
                sign: signText(isNegative: integer < 0), grouped(integerDigits(integer)),
                standard: .right)
        }
        let double = number.double
        let isNegative = double.sign == .minus && !double.isNaN
        guard let body = floatDigits(abs(double)) else { throw unknown(value) }
        return padded(sign: signText(isNegative: isNegative), grouped(body), standard: .right)
    }

    func signText(isNegative: Bool) -> String {
        isNegative ? "-" : sign == "-" ? "" : String(sign)
    }

    /// The digits of an integer without its sign, with `0x` and its like where asked for.
    func integerDigits(_ value: Int) -> String {
        let magnitude = value.magnitude
        switch type {
        case "x": return (isAlternate ? "0x" : "") + String(magnitude, radix: 16)
        case "X": return (isAlternate ? "0X" : "") + String(magnitude, radix: 16, uppercase: true)
        case "o": return (isAlternate ? "0o" : "") + String(magnitude, radix: 8)
        case "b": return (isAlternate ? "0b" : "") + String(magnitude, radix: 2)
        default: return String(magnitude)
        }
    }

    /// The digits of a float that is not negative; `nil` for a type that floats do not have.
    func floatDigits(_ value: Double) -> String? {
        if value.isNaN || value.isInfinite {
            guard type.map({ "eEfFgGn%".unicodeScalars.contains($0) }) ?? true else { return nil }
            let isUpper = type.map { "EFG".unicodeScalars.contains($0) } ?? false
            let word = value.isNaN ? "nan" : "inf"
            return (isUpper ? word.uppercased() : word) + (type == "%" ? "%" : "")
        }
        switch type {
        case nil:
            guard let precision else { return PythonText.number(value) }
            return general(value, max(precision, 1), keepsPoint: true)
        case "f", "F": return String(format: "%.\(precision ?? 6)f", value)
        case "e": return String(format: "%.\(precision ?? 6)e", value)
        case "E": return String(format: "%.\(precision ?? 6)E", value)
        case "g", "n": return String(format: "%\(isAlternate ? "#" : "").\(precision ?? 6)g", value)
        case "G": return String(format: "%\(isAlternate ? "#" : "").\(precision ?? 6)G", value)
        case "%": return String(format: "%.\(precision ?? 6)f", value * 100) + "%"
        default: return nil
        }
    }

    /// As `g`, but with a point and a digit after it unless there is an exponent.
    private func general(_ value: Double, _ precision: Int, keepsPoint: Bool) -> String {
        // Python turns to exponents one place earlier here than `g` does.
        let exponent =
            String(format: "%.\(precision - 1)e", value).split(separator: "e").last
            .flatMap { Int($0) } ?? 0
        if exponent >= precision - 1 || exponent < -4, value != 0 {
            let text = String(format: "%.\(precision - 1)e", value)
            let parts = text.split(separator: "e")
            var mantissa = parts[0]
            if mantissa.contains(".") {
                while mantissa.hasSuffix("0") { mantissa.removeLast() }
                if mantissa.hasSuffix(".") { mantissa.removeLast() }
            }
            if exponent >= precision || exponent < -4 { return mantissa + "e" + parts[1] }
            return exponent == precision - 1 && precision > 0
                ? mantissa + "e" + parts[1] : String(mantissa)
        }
        let text = String(format: "%.\(precision)g", value)
        return text.contains(".") || text.contains("e") ? text : text + ".0"
    }

    private func grouped(_ digits: String) -> String {
        guard let grouping else { return digits }
        let whole = digits.prefix { $0.isHexDigit }
        let size = type.map { "xXob".unicodeScalars.contains($0) } ?? false ? 4 : 3
        var output = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index).isMultiple(of: size) {
                output.unicodeScalars.append(grouping)
            }
            output.append(digit)
        }
        return output + digits.dropFirst(whole.count)
    }

    func padded(sign: String, _ body: String, standard: Alignment) -> String {
        let missing = max(0, width - sign.scalarCount - body.scalarCount)
        let filling = { (count: Int) in String(repeating: String(fill), count: count) }
        switch alignment ?? standard {
        case .left: return sign + body + filling(missing)
        case .right: return filling(missing) + sign + body
        case .centre: return filling(missing / 2) + sign + body + filling(missing - missing / 2)
        case .afterSign: return sign + filling(missing) + body
        }
    }
}
