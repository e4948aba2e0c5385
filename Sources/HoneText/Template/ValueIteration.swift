import OrderedCollections

extension TemplateValue {
    /// The items one after another, as Python's `iter` gives them: characters of text, keys of a
    /// dict.
    /// - Throws: a type error where there is nothing to go through.
    func iterate() throws(TemplateError) -> ValueIterator {
        switch self {
        case .undefined: return ValueIterator(over: [])
        case .list(let items): return ValueIterator(over: items)
        case .tuple(let tuple): return ValueIterator(over: tuple.items)
        case .dict(let dict):
            return ValueIterator(over: dict.entries.keys.map(\.value))
        case .view(let view): return ValueIterator(over: view.values)
        // The characters of marked text are not marked.
        case .string(let text), .markup(let text):
            return ValueIterator(over: text.unicodeScalars.map { .string(String($0)) })
        case .range(let range):
            var index = 0
            return ValueIterator { () throws(TemplateError) in
                guard index < range.count else { return nil }
                defer { index += 1 }
                return .int(range[index])
            }
        case .iterator(let iterator): return iterator
        case .loop(let loop):
            // jinja2's loop gives each item together with itself.
            return ValueIterator { () throws(TemplateError) in
                try loop.advance().map { .tuple([$0, .loop(loop)]) }
            }
        default:
            throw TemplateError(.type, "'\(typeName)' object is not iterable")
        }
    }

    /// All items.
    /// - Throws: also when there are more than `limits` allow.
    func collect(_ limits: TemplateLimits) throws(TemplateError) -> [TemplateValue] {
        switch self {
        case .list(let items): return items
        case .tuple(let tuple): return tuple.items
        default: break
        }
        var items: [TemplateValue] = []
        let iterator = try iterate()
        while let item = try iterator.next() {
            items.append(item)
            guard items.count <= limits.size else {
                throw TemplateError(.limit, "more than \(limits.size) items in one list")
            }
        }
        return items
    }

    /// Python's `len`.
    func length() throws(TemplateError) -> Int {
        switch self {
        case .undefined: return 0
        case .string(let text), .markup(let text): return text.scalarCount
        case .list(let items): return items.count
        case .tuple(let tuple): return tuple.items.count
        case .dict(let dict): return dict.entries.count
        case .view(let view): return view.dict.entries.count
        case .range(let range): return range.count
        case .loop(let loop): return try loop.length()
        default: throw TemplateError(.type, "object of type '\(typeName)' has no len()")
        }
    }

    /// The items from last to first, where Python's `reversed` can do that.
    func reversed() throws(TemplateError) -> ValueIterator? {
        switch self {
        case .list(let items):
            return ValueIterator(typeName: "list_reverseiterator", over: items.reversed())
        case .tuple(let tuple):
            return ValueIterator(typeName: "reversed", over: tuple.items.reversed())
        case .dict(let dict):
            return ValueIterator(
                typeName: "dict_reversekeyiterator",
                over: dict.entries.keys.map(\.value).reversed())
        case .view(let view):
            return ValueIterator(
                typeName: "dict_reverse\(view.part == .items ? "item" : "value")iterator",
                over: view.values.reversed())
        case .range(let range):
            return ValueIterator(typeName: "range_iterator", over: range.values.reversed())
        case .string(let text):
            return ValueIterator(
                typeName: "reversed",
                over: text.unicodeScalars.reversed().map { .string(String($0)) })
        case .markup(let text):
            return ValueIterator(
                typeName: "reversed",
                over: text.unicodeScalars.reversed().map { .markup(String($0)) })
        case .undefined: return ValueIterator(typeName: "reversed", over: [])
        default: return nil
        }
    }
}
