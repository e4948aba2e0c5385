import OrderedCollections

/// The functions every chat template can call.
enum GlobalFunction: String {
    case range
    case dict
    case namespace
    case cycler
    case joiner
    case lipsum
    case raiseException = "raise_exception"
    case timeNow = "strftime_now"

    var typeName: String {
        switch self {
        case .range, .lipsum, .raiseException, .timeNow: "function"
        case .dict: "TemplateDict"
        case .namespace, .cycler, .joiner: "type"
        }
    }

    func call(
        _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .range: return try range(arguments)
        case .dict: return .dict(TemplateDict(try Self.entries(arguments, interpreter.limits)))
        case .namespace:
            var members = OrderedDictionary<String, TemplateValue>()
            for (key, value) in try Self.entries(arguments, interpreter.limits) {
                guard let name = key.value.text else {
                    throw TemplateError(.unsupported, "a namespace member whose name is no text")
                }
                try TemplateNamespace.requirePublic(name)
                members[name] = value
            }
            return .namespace(TemplateNamespace(members))
        case .cycler:
            guard !arguments.positional.isEmpty else {
                throw TemplateError(.runtime, "at least one item has to be provided")
            }
            return .cycler(TemplateCycler(arguments.positional))
        case .joiner:
            return .joiner(
                TemplateJoiner(try arguments.bind("joiner", ["sep"])[0] ?? .string(", ")))
        case .lipsum: throw TemplateError(.unsupported, "'lipsum': its text is random")
        case .raiseException:
            let message = try arguments.bind("raise_exception", ["message"], required: 1).value(0)
            throw TemplateError(.raised, try PythonText.string(message))
        case .timeNow:
            let format = try arguments.bind("strftime_now", ["format"], required: 1).value(0)
            guard let format = format.text else {
                throw TemplateError(
                    .type, "strftime() argument 1 must be str, not \(format.typeName)")
            }
            return .string(interpreter.clock.text(format))
        }
    }

    private func range(_ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
        var bounds: [Int] = []
        for value in arguments.positional { bounds.append(try value.requireInt()) }
        guard arguments.keyword.isEmpty else {
            throw TemplateError(.type, "range() takes no keyword arguments")
        }
        let range: TemplateRange
        switch bounds.count {
        case 1: range = TemplateRange(start: 0, stop: bounds[0], step: 1)
        case 2: range = TemplateRange(start: bounds[0], stop: bounds[1], step: 1)
        case 3:
            guard bounds[2] != 0 else {
                throw TemplateError(.value, "range() arg 3 must not be zero")
            }
            range = TemplateRange(start: bounds[0], stop: bounds[1], step: bounds[2])
        default:
            throw TemplateError(
                .type, "range expected 1 to 3 arguments, got \(bounds.count)")
        }
        guard let count = range.checkedCount, count <= Self.maximumRange else {
            throw TemplateError(
                .overflow,
                "Range too big. The sandbox blocks ranges larger than MAX_RANGE "
                    + "(\(Self.maximumRange)).")
        }
        return .range(range)
    }

    /// jinja2's `MAX_RANGE`.
    private static let maximumRange = 100_000

    /// What `dict(…)` holds: a dict or pairs, then keywords.
    private static func entries(
        _ arguments: CallArguments, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateDict.Entries {
        guard arguments.positional.count <= 1 else {
            throw TemplateError(
                .type, "dict expected at most 1 argument, got \(arguments.positional.count)")
        }
        var entries = TemplateDict.Entries()
        switch arguments.positional.first {
        case nil: break
        case .dict(let dict)?: entries = dict.entries
        case let pairs?:
            for (index, pair) in try pairs.collect(limits).enumerated() {
                let parts = try pair.collect(limits)
                guard parts.count == 2 else {
                    throw TemplateError(
                        .value,
                        "dictionary update sequence element #\(index) has length \(parts.count); "
                            + "2 is required")
                }
                entries[try TemplateKey(hashing: parts[0])] = parts[1]
            }
        }
        for (name, value) in arguments.keyword { entries[TemplateKey(.string(name))] = value }
        return entries
    }
}

extension TemplateRange {
    /// The number of items, or `nil` where it is beyond 64 bits.
    fileprivate var checkedCount: Int? {
        let span =
            step > 0
            ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        if step == .min { return nil }
        return span.overflow ? ((step > 0) == (start < stop) ? nil : 0) : count
    }
}

extension TemplateNamespace {
    /// - Throws: a security error for names that begin with an underscore, as transformers does.
    static func requirePublic(_ name: String) throws(TemplateError) {
        guard !name.hasPrefix("_") else {
            throw TemplateError(
                .security,
                "Chat templates cannot store underscore-prefixed attributes on a namespace, but "
                    + "got \(PythonText.quoted(name)). Please rename the attribute.")
        }
    }
}
