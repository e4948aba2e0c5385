import HoneCore
import OrderedCollections

/// A value while a template runs: what Python would hold at the same place.
enum TemplateValue {
    case undefined(UndefinedValue)
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    /// Text that `escape` or `safe` marked as HTML; joining plain text to it escapes that text.
    case markup(String)
    case list([TemplateValue])
    case tuple(TemplateTuple)
    case dict(TemplateDict)
    /// What `keys()`, `values()` and `items()` of a dict give.
    case view(DictView)
    case range(TemplateRange)
    /// Values made one at a time and only once: what `map`, `select` and their like give.
    case iterator(ValueIterator)
    case namespace(TemplateNamespace)
    case loop(LoopState)
    case macro(TemplateMacro)
    case function(GlobalFunction)
    case method(BoundMethod)
    case cycler(TemplateCycler)
    case joiner(TemplateJoiner)
}

/// A tuple; groups made by `groupby` also have names for their members.
final class TemplateTuple {
    let items: [TemplateValue]
    let labels: [String]

    init(_ items: [TemplateValue], labels: [String] = []) {
        self.items = items
        self.labels = labels
    }
}

/// A dict. The sandbox forbids changing one, so it never changes.
final class TemplateDict {
    typealias Entries = OrderedDictionary<TemplateKey, TemplateValue>
    let entries: Entries

    init(_ entries: Entries) { self.entries = entries }

    subscript(name: String) -> TemplateValue? { entries[TemplateKey(.string(name))] }
}

/// A live look at a dict's keys, values or items.
final class DictView {
    enum Part: String {
        case keys = "dict_keys"
        case values = "dict_values"
        case items = "dict_items"
    }

    let part: Part
    let dict: TemplateDict

    init(_ part: Part, of dict: TemplateDict) {
        self.part = part
        self.dict = dict
    }

    var values: [TemplateValue] {
        switch part {
        case .keys: dict.entries.keys.map(\.value)
        case .values: Array(dict.entries.values)
        case .items: dict.entries.map { .tuple(TemplateTuple([$0.key.value, $0.value])) }
        }
    }
}

/// What `range` gives.
struct TemplateRange: Hashable {
    var start: Int
    var stop: Int
    var step: Int

    var count: Int {
        if step > 0 { return start < stop ? (stop - start - 1) / step + 1 : 0 }
        return start > stop ? (start - stop - 1) / (0 - step) + 1 : 0
    }

    subscript(index: Int) -> Int { start + index * step }

    var values: [TemplateValue] { (0..<count).map { .int(self[$0]) } }
}

/// A source of values that is used up by reading it.
final class ValueIterator {
    /// Python's name of its type, for messages and printing.
    let typeName: String
    /// How many iterators it asks in turn, at most.
    var depth = 0
    private let advance: () throws(TemplateError) -> TemplateValue?

    init(
        typeName: String = "generator",
        _ advance: @escaping () throws(TemplateError) -> TemplateValue?
    ) {
        self.typeName = typeName
        self.advance = advance
    }

    convenience init(typeName: String = "generator", over values: [TemplateValue]) {
        var remaining = values.makeIterator()
        self.init(typeName: typeName) { () throws(TemplateError) in remaining.next() }
    }

    /// Begins only when the first item is asked for, as Python's generators do: wrong arguments
    /// come to light then, and never if nobody asks.
    static func deferred(
        _ begin: @escaping () throws(TemplateError) -> ValueIterator
    ) -> ValueIterator {
        var started: ValueIterator?
        return ValueIterator { () throws(TemplateError) in
            if let started { return try started.next() }
            let source = try begin()
            started = source
            return try source.next()
        }
    }

    func next() throws(TemplateError) -> TemplateValue? { try advance() }
}

/// `namespace(…)`: the one value whose members a template may set.
final class TemplateNamespace {
    var members: OrderedDictionary<String, TemplateValue>

    init(_ members: OrderedDictionary<String, TemplateValue>) { self.members = members }
}

/// `cycler(…)`.
final class TemplateCycler {
    let items: [TemplateValue]
    var position = 0

    init(_ items: [TemplateValue]) { self.items = items }
}

/// `joiner(…)`: empty text when called first, the separator afterwards.
final class TemplateJoiner {
    let separator: TemplateValue
    var isUsed = false

    init(_ separator: TemplateValue) { self.separator = separator }
}

/// A method looked up on a value and not yet called.
final class BoundMethod {
    let receiver: TemplateValue
    let name: String

    init(_ name: String, of receiver: TemplateValue) {
        self.receiver = receiver
        self.name = name
    }
}

extension TemplateValue {
    /// The value a JSON document stands for: objects become dicts, arrays become lists.
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .list(values.map(TemplateValue.init))
        case .object(let members):
            var entries = TemplateDict.Entries(minimumCapacity: members.count)
            for (key, value) in members {
                entries[TemplateKey(.string(key))] = TemplateValue(value)
            }
            self = .dict(TemplateDict(entries))
        }
    }

    static func tuple(_ items: [TemplateValue]) -> TemplateValue { .tuple(TemplateTuple(items)) }

    /// The text if this is a string, marked or not.
    var text: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }

    /// Python's name of the type, as its messages have it.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .double: "float"
        case .string: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple(let tuple): tuple.labels.isEmpty ? "tuple" : "_GroupTuple"
        case .dict: "dict"
        case .view(let view): view.part.rawValue
        case .range: "range"
        case .iterator(let iterator): iterator.typeName
        case .namespace: "TemplateNamespace"
        case .loop: "LoopContext"
        case .macro: "Macro"
        case .function(let function): function.typeName
        case .method: "builtin_function_or_method"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    /// How an undefined member names the object it was looked for on.
    var objectName: String {
        switch self {
        case .none: "None"
        case .markup: "markupsafe.Markup object"
        case .tuple(let tuple) where !tuple.labels.isEmpty: "jinja2.filters._GroupTuple object"
        case .loop: "jinja2.runtime.LoopContext object"
        case .macro: "jinja2.runtime.Macro object"
        case .cycler: "jinja2.utils.Cycler object"
        case .joiner: "jinja2.utils.Joiner object"
        case .namespace:
            "transformers.utils.chat_template_utils.TemplateNamespace object"
        default: "\(typeName) object"
        }
    }

    /// Python's truth value.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .tuple(let tuple): !tuple.items.isEmpty
        case .dict(let dict): !dict.entries.isEmpty
        case .view(let view): !view.dict.entries.isEmpty
        case .range(let range): range.count > 0
        case .iterator, .namespace, .macro, .function, .method, .cycler, .joiner: true
        // Python asks a loop for its length, and a loop that runs has at least one item.
        case .loop: true
        }
    }
}
