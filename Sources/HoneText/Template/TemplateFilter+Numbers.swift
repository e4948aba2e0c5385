import Foundation

extension TemplateFilter {
    /// Filters about numbers.
    func applyToNumber(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .abs:
            _ = try bind(arguments, [])
            switch Number(value) {
            case .int(let number)?:
                guard number != .min else {
                    throw TemplateError(.overflow, "an integer beyond 64 bits")
                }
                return .int(Swift.abs(number))
            case .double(let number)?: return .double(Swift.abs(number))
            case nil:
                throw TemplateError(.type, "bad operand type for abs(): '\(value.typeName)'")
            }
        case .int: return try integer(value, arguments)
        case .float:
            let standard = try bind(arguments, ["default"])[0] ?? .double(0)
            if case .undefined(let undefined) = value { throw undefined.error }
            if let number = Number(value) { return .double(number.double) }
            return value.text.flatMap(Self.parseFloat).map(TemplateValue.double) ?? standard
        case .round: return try rounded(value, arguments)
        case .filesizeformat: return try fileSize(value, arguments)
        default: return value
        }
    }

    private func integer(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["default", "base"])
        let standard = bound[0] ?? .int(0)
        if case .undefined(let undefined) = value { throw undefined.error }
        switch Number(value) {
        case .int(let number)?: return .int(number)
        case .double(let number)?:
            if number.isNaN { return standard }
            guard number.isFinite else {
                throw TemplateError(.overflow, "cannot convert float infinity to integer")
            }
            guard let whole = Int(exactly: number.rounded(.towardZero)) else {
                throw TemplateError(.overflow, "an integer beyond 64 bits")
            }
            return .int(whole)
        case nil: break
        }
        guard let text = value.text else { return standard }
        if let number = Self.parseInteger(text, base: try bound.int(1, default: 10)) {
            return .int(number)
        }
        // "42.23" counts as 42.
        guard let number = Self.parseFloat(text), number.isFinite else { return standard }
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw TemplateError(.overflow, "an integer beyond 64 bits")
        }
        return .int(whole)
    }

    /// Python's `int(text, base)`: white space, a sign, a prefix that suits the base, and single
    /// underscores between digits.
    static func parseInteger(_ text: String, base: Int) -> Int? {
        var digits = text.withASCIIDigits.pythonStripped()[...]
        var isNegative = false
        if let sign = digits.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            digits.removeFirst()
        }
        var radix = base
        let prefixes = ["0x": 16, "0o": 8, "0b": 2]
        if let prefixed = prefixes[digits.prefix(2).lowercased()], base == prefixed || base == 0 {
            radix = prefixed
            digits = digits.dropFirst(2)
            if digits.first == "_" { digits.removeFirst() }
        } else if base == 0 {
            radix = 10
        }
        guard (2...36).contains(radix), let plain = withoutUnderscores(digits), plain.first != "+",
            plain.first != "-"
        else { return nil }
        return Int((isNegative ? "-" : "") + plain, radix: radix)
    }

    private static func withoutUnderscores(_ digits: Substring) -> String? {
        guard digits.first != "_", digits.last != "_", !digits.contains("__") else { return nil }
        return String(digits.replacing("_", with: ""))
    }

    /// Python's `float(text)`.
    static func parseFloat(_ text: String) -> Double? {
        guard let plain = withoutUnderscores(text.withASCIIDigits.pythonStripped()[...]) else {
            return nil
        }
        var word = plain.lowercased()[...]
        if word.first == "-" || word.first == "+" { word.removeFirst() }
        if ["inf", "infinity"].contains(word) {
            return plain.hasPrefix("-") ? -.infinity : .infinity
        }
        if word == "nan" { return .nan }
        guard word.allSatisfy({ $0.isASCII && ($0.isNumber || ".e+-".contains($0)) }),
            word.contains(where: \.isNumber)
        else { return nil }
        // Swift wants a digit on either side of the point.
        var number = word.replacing(".e", with: ".0e")
        if number.hasPrefix(".") { number = "0" + number }
        if number.hasSuffix(".") { number += "0" }
        return Double(number).map { plain.hasPrefix("-") ? -$0 : $0 }
    }

    private func rounded(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["precision", "method"])
        let precision = try bound.int(0, default: 0)
        let method = try bound.text(1, default: "common")
        guard ["common", "ceil", "floor"].contains(method) else {
            throw TemplateError(.filterArgument, "method must be common, ceil or floor")
        }
        if method == "common" {
            switch Number(value) {
            case .int(let integer)?: return .int(Self.rounded(integer, precision))
            case .double(let double)?: return .double(Self.rounded(double, precision))
            case nil:
                throw TemplateError(
                    .type, "type \(value.typeName) doesn't define __round__ method")
            }
        }
        // 10 ** precision is an integer unless the precision is negative.
        let scale = try Number.apply(.power, .int(10), .int(precision))
        let scaled = try Arithmetic.apply(.multiply, value, scale, .standard)
        let whole: TemplateValue
        switch scaled {
        case .int: whole = scaled
        case .double(let double):
            guard double.isFinite else {
                throw double.isNaN
                    ? TemplateError(.value, "cannot convert float NaN to integer")
                    : TemplateError(.overflow, "cannot convert float infinity to integer")
            }
            let result = double.rounded(method == "ceil" ? .up : .down)
            whole = Int(exactly: result).map(TemplateValue.int) ?? .double(result)
        default:
            throw TemplateError(.type, "must be real number, not \(scaled.typeName)")
        }
        return try Arithmetic.apply(.divide, whole, scale, .standard)
    }

    /// Half to even, at `10 ** -precision`.
    private static func rounded(_ value: Int, _ precision: Int) -> Int {
        guard precision < 0 else { return value }
        guard precision > -19 else { return 0 }
        let unit = (0..<(-precision)).reduce(1) { product, _ in product * 10 }
        let remainder = ((value % unit) + unit) % unit
        let down = value - remainder
        let isUp = remainder * 2 > unit || remainder * 2 == unit && (down / unit) % 2 != 0
        return isUp ? down + unit : down
    }

    /// The nearest decimal, judged by the exact binary value, as Python judges it.
    private static func rounded(_ value: Double, _ precision: Int) -> Double {
        guard value.isFinite else { return value }
        if precision >= 0 {
            guard precision < 330 else { return value }
            return Double(String(format: "%.\(precision)f", value)) ?? value
        }
        let unit = pow(10, Double(-precision))
        return (value / unit).rounded(.toNearestOrEven) * unit
    }

    private func fileSize(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let isBinary = try bind(arguments, ["binary"]).bool(0)
        guard let bytes = Number(value)?.double ?? value.text.flatMap(Self.parseFloat) else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw TemplateError(
                .type, "float() argument must be a string or a real number, not '\(value.typeName)'"
            )
        }
        let base: Double = isBinary ? 1024 : 1000
        if bytes == 1 { return .string("1 Byte") }
        if bytes < base { return .string("\(Int(bytes)) Bytes") }
        var unit = base
        let prefixes = ["K", "M", "G", "T", "P", "E", "Z", "Y"]
        for (index, prefix) in prefixes.enumerated() {
            unit *= base
            guard bytes < unit || index == prefixes.count - 1 else { continue }
            let name = isBinary ? prefix + "iB" : (index == 0 ? "k" : prefix) + "B"
            return .string(String(format: "%.1f ", base * bytes / unit) + name)
        }
        return value
    }
}

extension String {
    /// This text with the decimal digits of every script as ASCII ones, which Python's `int` and
    /// `float` read as well.
    fileprivate var withASCIIDigits: String {
        guard !utf8.allSatisfy({ $0 < 0x80 }) else { return self }
        return String(
            unicodeScalars.map { scalar -> Unicode.Scalar in
                guard scalar.properties.numericType == .decimal,
                    let value = scalar.properties.numericValue,
                    let digit = Unicode.Scalar(48 + UInt32(value))
                else { return scalar }
                return digit
            })
    }
}
