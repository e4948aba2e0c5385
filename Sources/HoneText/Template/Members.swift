import OrderedCollections

/// Looking things up on a value: `value.name`, `value[index]` and slices, with the sandbox's rules.
enum Members {
    /// `object.name`: an attribute first, then a key of that name.
    static func attribute(
        _ name: String, of object: TemplateValue, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        if let found = try pythonAttribute(name, of: object, interpreter) { return found }
        if case .dict(let dict) = object, let value = dict[name] { return value }
        return .undefined(.member(name, of: object.objectName))
    }

    /// What the filter `attr` finds: an attribute, never a key.
    static func pythonOnly(
        _ name: String, of object: TemplateValue, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        try pythonAttribute(name, of: object, interpreter)
            ?? .undefined(.member(name, of: object.objectName))
    }

    /// `object[index]`: a key or position first, then an attribute of that name.
    static func item(
        _ index: TemplateValue, of object: TemplateValue, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        if case .undefined(let undefined) = object { throw undefined.error }
        if let found = try element(index, of: object) { return found }
        if let name = index.text {
            if let found = try pythonAttribute(name, of: object, interpreter) { return found }
            return .undefined(.member(name, of: object.objectName))
        }
        return .undefined(
            .element(try PythonText.representation(index), of: object.objectName))
    }

    /// What Python's `object[index]` finds.
    private static func element(
        _ index: TemplateValue, of object: TemplateValue
    ) throws(TemplateError) -> TemplateValue? {
        if case .dict(let dict) = object {
            if case .string(let name) = index { return dict[name] }
            guard let key = try? TemplateKey(hashing: index) else { return nil }
            return dict.entries[key]
        }
        let position: Int
        switch index {
        case .int(let value): position = value
        case .bool(let value): position = value ? 1 : 0
        default: return nil
        }
        switch object {
        case .list(let items): return pick(position, items.count) { items[$0] }
        case .tuple(let tuple): return pick(position, tuple.items.count) { tuple.items[$0] }
        case .range(let range): return pick(position, range.count) { .int(range[$0]) }
        case .string(let text): return scalar(position, of: text).map(TemplateValue.string)
        case .markup(let text): return scalar(position, of: text).map(TemplateValue.markup)
        default: return nil
        }
    }

    private static func pick(
        _ position: Int, _ count: Int, _ value: (Int) -> TemplateValue
    ) -> TemplateValue? {
        let index = position < 0 ? position + count : position
        return (0..<count).contains(index) ? value(index) : nil
    }

    private static func scalar(_ position: Int, of text: String) -> String? {
        let scalars = text.unicodeScalars
        let index =
            position < 0
            ? scalars.index(scalars.endIndex, offsetBy: position, limitedBy: scalars.startIndex)
            : scalars.index(scalars.startIndex, offsetBy: position, limitedBy: scalars.endIndex)
        guard let index, index < scalars.endIndex else { return nil }
        return String(scalars[index])
    }

    // MARK: Attributes

    /// Whether `object.name` is a method that can be called.
    static func hasMethod(_ name: String, _ object: TemplateValue) -> Bool {
        switch object {
        case .string, .markup: StringMethod(rawValue: name) != nil
        case .dict: DictMethod(rawValue: name) != nil
        case .list, .tuple: SequenceMethod(rawValue: name)?.exists(on: object) ?? false
        case .range: name == "count" || name == "index"
        case .cycler: name == "next" || name == "reset"
        default: false
        }
    }

    private static func pythonAttribute(
        _ name: String, of object: TemplateValue, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue? {
        if hasMethod(name, object) { return .method(BoundMethod(name, of: object)) }
        switch object {
        case .undefined(let undefined):
            throw undefined.error
        case .namespace(let namespace): return namespace.members[name]
        case .loop(let loop): if let value = try loop.member(name) { return value }
        case .macro(let macro):
            let layout = interpreter.program.scopes[macro.definition.scope]
            if name == "catch_kwargs" { return .bool(layout.usesKeywordArguments) }
            if name == "catch_varargs" { return .bool(layout.usesExtraArguments) }
            if let value = macro.member(name, usesCaller: layout.usesCaller) { return value }
        case .tuple(let tuple):
            if let index = tuple.labels.firstIndex(of: name) { return tuple.items[index] }
        case .cycler(let cycler):
            switch name {
            case "current": return cycler.items[cycler.position]
            case "items": return .tuple(cycler.items)
            case "pos": return .int(cycler.position)
            default: break
            }
        case .joiner(let joiner):
            if name == "sep" { return joiner.separator }
            if name == "used" { return .bool(joiner.isUsed) }
        case .range(let range):
            switch name {
            case "start": return .int(range.start)
            case "stop": return .int(range.stop)
            case "step": return .int(range.step)
            default: break
            }
        default: break
        }
        if name.hasPrefix("__") && name.hasSuffix("__") || Self.hides(name, object) {
            return .undefined(.unsafe(name, of: object.typeName))
        }
        if Self.isMissingHere(name, object) {
            throw TemplateError(
                .unsupported, "the attribute '\(name)' of a \(object.typeName)")
        }
        return nil
    }

    /// What would change a value, which the sandbox forbids.
    private static func hides(_ name: String, _ object: TemplateValue) -> Bool {
        switch object {
        case .dict: ["clear", "pop", "popitem", "setdefault", "update"].contains(name)
        case .list:
            [
                "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
            ].contains(name)
        default: false
        }
    }

    /// What Python has and we do not, so that a template that needs it is told.
    private static func isMissingHere(_ name: String, _ object: TemplateValue) -> Bool {
        switch object {
        case .string, .markup:
            ["encode", "maketrans", "translate", "isidentifier"].contains(name)
        case .dict: name == "fromkeys"
        case .int, .bool:
            [
                "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator",
                "from_bytes", "imag", "numerator", "real", "to_bytes",
            ].contains(name)
        case .double:
            [
                "as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "is_integer", "real",
            ].contains(name)
        case .view: name == "isdisjoint" || name == "mapping"
        case .iterator(let iterator):
            iterator.typeName == "generator" && ["send", "throw", "close"].contains(name)
        case .function(let function): function == .dict && name == "fromkeys"
        default: false
        }
    }

    // MARK: Slices

    /// Python's `object[start:stop:step]`.
    static func slice(
        _ object: TemplateValue, start: TemplateValue, stop: TemplateValue, step: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        switch object {
        case .undefined(let undefined): throw undefined.error
        case .list(let items):
            let positions = try positions(start, stop, step, count: items.count)
            return .list(positions.map { items[$0] })
        case .tuple(let tuple):
            let positions = try positions(start, stop, step, count: tuple.items.count)
            return .tuple(positions.map { tuple.items[$0] })
        case .string(let text): return .string(try slice(text, start, stop, step))
        case .markup(let text): return .markup(try slice(text, start, stop, step))
        case .range(let range):
            let (first, last, stride) = try bounds(start, stop, step, count: range.count)
            return .range(
                TemplateRange(
                    start: range[first], stop: range[last], step: range.step * stride))
        case .dict: throw TemplateError(.type, "unhashable type: 'slice'")
        default:
            throw TemplateError(.type, "'\(object.typeName)' object is not subscriptable")
        }
    }

    private static func slice(
        _ text: String, _ start: TemplateValue, _ stop: TemplateValue, _ step: TemplateValue
    ) throws(TemplateError) -> String {
        let scalars = Array(text.unicodeScalars)
        let positions = try positions(start, stop, step, count: scalars.count)
        return String(positions.map { scalars[$0] })
    }

    private static func positions(
        _ start: TemplateValue, _ stop: TemplateValue, _ step: TemplateValue, count: Int
    ) throws(TemplateError) -> StrideTo<Int> {
        let (first, last, stride) = try bounds(start, stop, step, count: count)
        return Swift.stride(from: first, to: last, by: stride)
    }

    /// The slice's bounds within `count` items, as `slice.indices` gives them.
    static func bounds(
        _ start: TemplateValue, _ stop: TemplateValue, _ step: TemplateValue, count: Int
    ) throws(TemplateError) -> (start: Int, stop: Int, step: Int) {
        let stride = try bound(step) ?? 1
        guard stride != 0 else { throw TemplateError(.value, "slice step cannot be zero") }
        let lowest = stride < 0 ? -1 : 0
        let highest = stride < 0 ? count - 1 : count
        func clamp(_ value: Int?, default standard: Int) -> Int {
            guard let value else { return standard }
            return value < 0 ? max(value + count, lowest) : min(value, highest)
        }
        return (
            clamp(try bound(start), default: stride < 0 ? highest : lowest),
            clamp(try bound(stop), default: stride < 0 ? lowest : highest),
            stride
        )
    }

    private static func bound(_ value: TemplateValue) throws(TemplateError) -> Int? {
        switch value {
        case .none: return nil
        case .int(let value): return max(value, .min + 1)
        case .bool(let value): return value ? 1 : 0
        default:
            throw TemplateError(
                .type, "slice indices must be integers or None or have an __index__ method")
        }
    }
}
