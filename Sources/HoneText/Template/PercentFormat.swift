/// Python's `format % values`.
enum PercentFormat {
    static func apply(_ format: String, _ values: TemplateValue) throws(TemplateError) -> String {
        var run = Run(format: format.unicodeScalars[...], values: values)
        return try run.text()
    }

    private struct Run {
        var format: Substring.UnicodeScalarView
        let values: TemplateValue
        var position = 0
        var usesNames = false

        private var positional: [TemplateValue] {
            if case .tuple(let tuple) = values { return tuple.items }
            return [values]
        }

        mutating func next() throws(TemplateError) -> TemplateValue {
            guard position < positional.count else {
                throw TemplateError(.type, "not enough arguments for format string")
            }
            defer { position += 1 }
            return positional[position]
        }

        mutating func text() throws(TemplateError) -> String {
            var output = String.UnicodeScalarView()
            while let scalar = format.popFirst() {
                guard scalar == "%" else {
                    output.append(scalar)
                    continue
                }
                output.append(contentsOf: try conversion().unicodeScalars)
            }
            // Python lets what can be asked for a key pass without being used up.
            let takesRest =
                switch values {
                case .dict, .list, .range, .undefined: true
                default: false
                }
            if !usesNames, !takesRest, position < positional.count {
                throw TemplateError(
                    .type, "not all arguments converted during string formatting")
            }
            return String(output)
        }

        private mutating func conversion() throws(TemplateError) -> String {
            var specification = FormatSpecification()
            var named: TemplateValue?
            if format.first == "(" { named = try name() }
            var isLeft = false
            while let flag = format.first, "-+ #0".unicodeScalars.contains(flag) {
                format.removeFirst()
                switch flag {
                case "-": isLeft = true
                case "+": specification.sign = "+"
                case " ": if specification.sign != "+" { specification.sign = " " }
                case "#": specification.isAlternate = true
                default: specification.fill = "0"
                }
            }
            specification.width = try amount() ?? 0
            if specification.width < 0 {
                isLeft = true
                specification.width = -specification.width
            }
            if format.first == "." {
                format.removeFirst()
                specification.precision = max(0, try amount() ?? 0)
            }
            while let modifier = format.first, "hlL".unicodeScalars.contains(modifier) {
                format.removeFirst()
            }
            guard specification.width <= 1_000_000, specification.precision ?? 0 <= 1_000 else {
                throw TemplateError(.limit, "a format wider than 1000000 characters")
            }
            guard let type = format.popFirst() else {
                throw TemplateError(.value, "incomplete format")
            }
            if type == "%" { return "%" }
            let isNumber = "diouxXeEfFgG".unicodeScalars.contains(type)
            if isLeft || !isNumber {
                specification.alignment = isLeft ? .left : .right
                specification.fill = " "
            } else {
                specification.alignment = specification.fill == "0" ? .afterSign : .right
            }
            specification.type = type
            guard isNumber || "srac".unicodeScalars.contains(type) else {
                throw TemplateError(
                    .value, "unsupported format character '\(type)'")
            }
            let value: TemplateValue
            if let named { value = named } else { value = try next() }
            return try convert(value, specification)
        }

        private mutating func name() throws(TemplateError) -> TemplateValue {
            format.removeFirst()
            let name = format.prefix { $0 != ")" }
            guard name.endIndex < format.endIndex else {
                throw TemplateError(.value, "incomplete format key")
            }
            format = format[format.index(after: name.endIndex)...]
            guard case .dict(let dict) = values else {
                throw TemplateError(.type, "format requires a mapping")
            }
            usesNames = true
            guard let value = dict[String(name)] else {
                throw TemplateError(.key, PythonText.quoted(String(name)))
            }
            return value
        }

        private mutating func amount() throws(TemplateError) -> Int? {
            if format.first == "*" {
                format.removeFirst()
                guard case .int(let value) = try next() else {
                    throw TemplateError(.type, "* wants int")
                }
                return value
            }
            let run = format.prefix { $0.isASCIIDigit }
            format = format[run.endIndex...]
            guard !run.isEmpty else { return nil }
            guard let value = Int(String(run)) else {
                throw TemplateError(.value, "width too big")
            }
            return value
        }

        private func convert(
            _ value: TemplateValue, _ specification: FormatSpecification
        ) throws(TemplateError) -> String {
            var specification = specification
            switch specification.type {
            case "s", "r", "a":
                var text =
                    specification.type == "s"
                    ? try PythonText.string(value) : try PythonText.representation(value)
                if let precision = specification.precision {
                    text = String(text.unicodeScalars.prefix(precision))
                }
                return specification.padded(sign: "", text, standard: .right)
            case "c":
                if let text = value.text, text.scalarCount == 1 {
                    return specification.padded(sign: "", text, standard: .right)
                }
                guard case .int(let code)? = Number(value),
                    let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init)
                else { throw TemplateError(.type, "%c requires int or char") }
                return specification.padded(sign: "", String(scalar), standard: .right)
            case "d", "i", "u", "o", "x", "X":
                let integer: Int
                switch Number(value) {
                case .int(let value)?: integer = value
                case .double(let value)?
                where specification.type.map({ "diu".unicodeScalars.contains($0) }) ?? false:
                    guard let whole = Int(exactly: value.rounded(.towardZero)) else {
                        throw TemplateError(.overflow, "cannot convert float to integer")
                    }
                    integer = whole
                default:
                    if case .undefined(let undefined) = value { throw undefined.error }
                    let letter = specification.type.map(String.init) ?? "d"
                    throw TemplateError(
                        .type, "%\(letter) format: a real number is required, not \(value.typeName)"
                    )
                }
                var digits = specification.integerDigits(integer)
                if let precision = specification.precision { digits = digits.zeroFilled(precision) }
                return specification.padded(
                    sign: specification.signText(isNegative: integer < 0), digits, standard: .right)
            default:
                if case .undefined(let undefined) = value { throw undefined.error }
                guard let number = Number(value)?.double,
                    let digits = specification.floatDigits(abs(number))
                else {
                    throw TemplateError(.type, "must be real number, not \(value.typeName)")
                }
                if !number.isFinite { specification.fill = " " }
                if !number.isFinite, specification.alignment == .afterSign {
                    specification.alignment = .right
                }
                return specification.padded(
                    sign: specification.signText(
                        isNegative: number.sign == .minus && !number.isNaN),
                    digits, standard: .right)
            }
        }
    }
}
