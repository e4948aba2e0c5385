import OrderedCollections

/// Calls of Python's methods on template values.
enum Methods {
    static func call(
        _ name: String, of receiver: TemplateValue, _ arguments: CallArguments,
        _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        switch receiver {
        case .string(let text):
            if let method = StringMethod(rawValue: name) {
                return try method.call(text, arguments, interpreter)
            }
        case .markup(let text):
            // markupsafe's text stays marked whatever is done to it.
            if let method = StringMethod(rawValue: name) {
                guard method != .format, method != .formatMap else {
                    throw TemplateError(.unsupported, "'format' of escaped text")
                }
                return marked(try method.call(text, arguments, interpreter))
            }
        case .dict(let dict):
            if let method = DictMethod(rawValue: name) { return try method.call(dict, arguments) }
        case .list(let items):
            if let method = SequenceMethod(rawValue: name) {
                return try method.call(items, arguments)
            }
        case .tuple(let tuple):
            if let method = SequenceMethod(rawValue: name) {
                return try method.call(tuple.items, arguments)
            }
        case .range(let range):
            if let method = SequenceMethod(rawValue: name) {
                return try method.call(range.values, arguments)
            }
        case .cycler(let cycler):
            if name == "reset" {
                cycler.position = 0
                return .none
            }
            defer { cycler.position = (cycler.position + 1) % cycler.items.count }
            return cycler.items[cycler.position]
        case .loop(let loop):
            guard arguments.keyword.isEmpty else {
                throw TemplateError(.type, "\(name)() got an unexpected keyword argument")
            }
            if name == "changed" { return .bool(loop.changed(arguments.positional)) }
            guard !arguments.positional.isEmpty else {
                throw TemplateError(.type, "no items for cycling given")
            }
            return arguments.positional[loop.index0 % arguments.positional.count]
        default: break
        }
        throw TemplateError(
            .unsupported, "the method '\(name)' of a \(receiver.typeName)")
    }

    private static func marked(_ value: TemplateValue) -> TemplateValue {
        switch value {
        case .string(let text): .markup(text)
        case .list(let items): .list(items.map(marked))
        case .tuple(let tuple): .tuple(tuple.items.map(marked))
        default: value
        }
    }
}

/// The methods of a dict that leave it as it is.
enum DictMethod: String {
    case get, keys, values, items, copy

    func call(
        _ dict: TemplateDict, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .get:
            guard arguments.keyword.isEmpty else {
                throw TemplateError(.type, "dict.get() takes no keyword arguments")
            }
            let bound = try arguments.bind("get", ["key", "default"], required: 1)
            return dict.entries[try TemplateKey(hashing: bound.value(0))] ?? bound.value(1)
        case .keys:
            _ = try arguments.bind("keys", [])
            return .view(DictView(.keys, of: dict))
        case .values:
            _ = try arguments.bind("values", [])
            return .view(DictView(.values, of: dict))
        case .items:
            _ = try arguments.bind("items", [])
            return .view(DictView(.items, of: dict))
        case .copy:
            _ = try arguments.bind("copy", [])
            return .dict(TemplateDict(dict.entries))
        }
    }
}

/// The methods of lists, tuples and ranges that leave them as they are.
enum SequenceMethod: String {
    case count, index, copy

    func exists(on value: TemplateValue) -> Bool {
        if case .list = value { return true }
        return self != .copy
    }

    func call(
        _ items: [TemplateValue], _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .copy: return .list(items)
        case .count:
            let wanted = try arguments.bind("count", ["value"], required: 1).value(0)
            return .int(items.count { $0.isEqual(to: wanted) })
        case .index:
            let bound = try arguments.bind("index", ["value", "start", "stop"], required: 1)
            let (start, stop, _) = try Members.bounds(
                bound.value(1), bound.value(2), .none, count: items.count)
            for index in start..<max(start, stop) where items[index].isEqual(to: bound.value(0)) {
                return .int(index)
            }
            throw TemplateError(
                .value, "\(try PythonText.representation(bound.value(0))) is not in list")
        }
    }
}
