/// Python's operators on template values.
enum Arithmetic {
    static func apply(
        _ operation: BinaryOperator, _ left: TemplateValue, _ right: TemplateValue,
        _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue {
        if let left = Number(left), let right = Number(right) {
            return try Number.apply(operation, left, right)
        }
        if case .undefined(let undefined) = left { throw undefined.error }
        if operation == .modulo, let format = left.text {
            return .string(try PercentFormat.apply(format, right))
        }
        if case .undefined(let undefined) = right { throw undefined.error }
        switch operation {
        case .add: return try add(left, right)
        case .multiply: return try multiply(left, right, limits)
        default: throw unsupported(operation, left, right)
        }
    }

    private static func unsupported(
        _ operation: BinaryOperator, _ left: TemplateValue, _ right: TemplateValue
    ) -> TemplateError {
        let symbol = operation == .power ? "** or pow()" : operation.rawValue
        return TemplateError(
            .type,
            "unsupported operand type(s) for \(symbol): '\(left.typeName)' "
                + "and '\(right.typeName)'")
    }

    private static func add(
        _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        switch (left, right) {
        case (.string(let left), .string(let right)): return .string(left + right)
        case (.markup(let left), .markup(let right)): return .markup(left + right)
        case (.markup(let left), .string(let right)): return .markup(left + HTML.escape(right))
        case (.string(let left), .markup(let right)): return .markup(HTML.escape(left) + right)
        case (.list(let left), .list(let right)): return .list(left + right)
        case (.tuple(let left), .tuple(let right)): return .tuple(left.items + right.items)
        case (.string, _):
            throw TemplateError(
                .type, "can only concatenate str (not \"\(right.typeName)\") to str")
        case (.list, _):
            throw TemplateError(
                .type, "can only concatenate list (not \"\(right.typeName)\") to list")
        case (.tuple, _):
            throw TemplateError(
                .type, "can only concatenate tuple (not \"\(right.typeName)\") to tuple")
        default: throw unsupported(.add, left, right)
        }
    }

    private static func multiply(
        _ left: TemplateValue, _ right: TemplateValue, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue {
        if case .int(let count)? = Number(right) {
            if let result = try repeated(left, count, limits) { return result }
        } else if case .int(let count)? = Number(left) {
            if let result = try repeated(right, count, limits) { return result }
        } else if left.isSequence {
            throw TemplateError(
                .type, "can't multiply sequence by non-int of type '\(right.typeName)'")
        }
        throw unsupported(.multiply, left, right)
    }

    private static func repeated(
        _ value: TemplateValue, _ count: Int, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue? {
        guard value.isSequence else { return nil }
        let count = max(count, 0)
        let total = try value.length().multipliedReportingOverflow(by: count)
        guard !total.overflow, total.partialValue <= limits.size else {
            throw TemplateError(
                .limit, "repeating a value to more than \(limits.size) characters or items")
        }
        switch value {
        case .string(let text): return .string(String(repeating: text, count: count))
        case .markup(let text): return .markup(String(repeating: text, count: count))
        case .list(let items):
            return .list(Array(repeatElement(items, count: count).joined()))
        case .tuple(let tuple):
            return .tuple(Array(repeatElement(tuple.items, count: count).joined()))
        default: return nil
        }
    }

    static func negate(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        if case .undefined(let undefined) = value { throw undefined.error }
        switch Number(value) {
        case .int(let number)?:
            guard number != .min else {
                throw TemplateError(.overflow, "an integer beyond 64 bits")
            }
            return .int(-number)
        case .double(let number)?: return .double(-number)
        case nil:
            throw TemplateError(.type, "bad operand type for unary -: '\(value.typeName)'")
        }
    }

    static func plus(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        if case .undefined(let undefined) = value { throw undefined.error }
        guard let number = Number(value) else {
            throw TemplateError(.type, "bad operand type for unary +: '\(value.typeName)'")
        }
        return number.value
    }
}

extension TemplateValue {
    /// Text, lists and tuples: what can be repeated and joined with `+`.
    var isSequence: Bool {
        switch self {
        case .string, .markup, .list, .tuple: true
        default: false
        }
    }
}
