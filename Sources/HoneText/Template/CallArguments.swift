import OrderedCollections

/// The values of a call's arguments.
struct CallArguments {
    var positional: [TemplateValue] = []
    var keyword: [(name: String, value: TemplateValue)] = []

    static var none: CallArguments { CallArguments() }

    /// The values by parameter, in the order of `names`.
    /// - Throws: a type error for too many, unknown, doubled or missing ones.
    func bind(
        _ function: String, _ names: [String], required: Int = 0
    ) throws(TemplateError) -> BoundArguments {
        guard positional.count <= names.count else {
            throw TemplateError(
                .type,
                "\(function)() takes at most \(names.count) arguments (\(positional.count) given)")
        }
        var values: [TemplateValue?] = Array(repeating: nil, count: names.count)
        for (index, value) in positional.enumerated() { values[index] = value }
        for (name, value) in keyword {
            guard let index = names.firstIndex(of: name) else {
                throw TemplateError(
                    .type, "\(function)() got an unexpected keyword argument '\(name)'")
            }
            guard values[index] == nil else {
                throw TemplateError(
                    .type, "\(function)() got multiple values for argument '\(name)'")
            }
            values[index] = value
        }
        for index in 0..<required where values[index] == nil {
            throw TemplateError(
                .type, "\(function)() missing required argument: '\(names[index])'")
        }
        return BoundArguments(values: values)
    }
}

/// Arguments by the position of their parameters.
struct BoundArguments {
    fileprivate let values: [TemplateValue?]

    subscript(index: Int) -> TemplateValue? { values[index] }

    /// The value of a parameter that was required.
    func value(_ index: Int) -> TemplateValue { values[index] ?? .none }

    /// The value, unless it is absent or `none`.
    func present(_ index: Int) -> TemplateValue? {
        if case TemplateValue.none? = values[index] { return nil }
        return values[index]
    }

    func bool(_ index: Int) -> Bool { values[index]?.isTrue ?? false }

    /// - Throws: a type error for anything but an integer or a boolean.
    func int(_ index: Int, default standard: Int) throws(TemplateError) -> Int {
        guard let value = values[index] else { return standard }
        return try value.requireInt()
    }

    func text(_ index: Int, default standard: String) throws(TemplateError) -> String {
        guard let value = values[index] else { return standard }
        return try value.requireText()
    }
}

extension TemplateValue {
    func requireInt() throws(TemplateError) -> Int {
        switch self {
        case .int(let value): return value
        case .bool(let value): return value ? 1 : 0
        case .undefined(let undefined): throw undefined.error
        default:
            throw TemplateError(
                .type, "'\(typeName)' object cannot be interpreted as an integer")
        }
    }

    func requireText() throws(TemplateError) -> String {
        guard let text else {
            throw TemplateError(.type, "must be str, not \(typeName)")
        }
        return text
    }
}
