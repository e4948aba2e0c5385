import OrderedCollections

/// The tests of `is`.
enum TemplateTest: String {
    case odd, even, divisibleby, defined, undefined, filter, test, none, boolean, integer, float
    case lower, upper, string, mapping, number, sequence, iterable, callable, sameas, escaped
    case `in`, `true`, `false`, eq, equalto, ne, gt, greaterthan, ge, lt, lessthan, le
    case equalSign = "=="
    case notEqualSign = "!="
    case greaterSign = ">"
    case greaterOrEqualSign = ">="
    case lessSign = "<"
    case lessOrEqualSign = "<="

    func holds(_ value: TemplateValue, _ arguments: CallArguments) throws(TemplateError) -> Bool {
        if let comparison {
            return try comparison.holds(value, try argument(arguments, "other"))
        }
        switch self {
        case .divisibleby:
            let number = try argument(arguments, "num")
            return try remainder(value, number).isEqual(to: .int(0))
        case .sameas: return value.isIdentical(to: try argument(arguments, "other"))
        case .in: return try argument(arguments, "seq").contains(value)
        default:
            guard arguments.positional.isEmpty, arguments.keyword.isEmpty else {
                throw TemplateError(.type, "the test '\(rawValue)' takes no arguments")
            }
            return try holds(value)
        }
    }

    private var comparison: ComparisonOperator? {
        switch self {
        case .eq, .equalto, .equalSign: .equal
        case .ne, .notEqualSign: .notEqual
        case .gt, .greaterthan, .greaterSign: .greater
        case .ge, .greaterOrEqualSign: .greaterOrEqual
        case .lt, .lessthan, .lessSign: .less
        case .le, .lessOrEqualSign: .lessOrEqual
        default: nil
        }
    }

    private func argument(
        _ arguments: CallArguments, _ name: String
    ) throws(TemplateError) -> TemplateValue {
        try arguments.bind("test_\(rawValue)", [name], required: 1).value(0)
    }

    private func remainder(
        _ value: TemplateValue, _ divisor: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        try Arithmetic.apply(.modulo, value, divisor, .standard)
    }

    private func holds(_ value: TemplateValue) throws(TemplateError) -> Bool {
        switch self {
        case .odd: return try remainder(value, .int(2)).isEqual(to: .int(1))
        case .even: return try remainder(value, .int(2)).isEqual(to: .int(0))
        case .defined: return !value.isUndefined
        case .undefined: return value.isUndefined
        case .filter: return value.text.flatMap(TemplateFilter.init) != nil
        case .test: return value.text.flatMap(TemplateTest.init) != nil
        case .none: if case .none = value { return true }
        case .boolean: if case .bool = value { return true }
        case .true: if case .bool(true) = value { return true }
        case .false: if case .bool(false) = value { return true }
        case .integer: if case .int = value { return true }
        case .float: if case .double = value { return true }
        case .lower: return TextCase.holds(.islower, try PythonText.string(value))
        case .upper: return TextCase.holds(.isupper, try PythonText.string(value))
        case .string: return value.text != nil
        case .mapping: if case .dict = value { return true }
        case .number: return Number(value) != nil
        case .sequence:
            switch value {
            // An undefined value has a length and a way to be asked for items, which is all that
            // jinja2 looks for.
            case .undefined, .string, .markup, .list, .tuple, .dict, .range: return true
            default: return false
            }
        case .iterable:
            switch value {
            case .undefined, .string, .markup, .list, .tuple, .dict, .view, .range, .iterator,
                .loop:
                return true
            default: return false
            }
        case .callable:
            switch value {
            case .undefined, .function, .method, .macro, .loop, .joiner: return true
            default: return false
            }
        case .escaped: if case .markup = value { return true }
        default: return false
        }
        return false
    }
}
