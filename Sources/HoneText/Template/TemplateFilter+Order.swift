import OrderedCollections

extension TemplateFilter {
    /// Filters that compare items with each other.
    func applyByOrder(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .dictsort: return try dictSorted(value, arguments)
        case .sort:
            let bound = try bind(arguments, ["reverse", "case_sensitive", "attribute"])
            let paths = try AttributePath.several(bound[2] ?? .none)
            return .list(
                try Self.sorted(
                    try value.collect(interpreter.limits), isReversed: bound.bool(0)
                ) { (item) throws(TemplateError) in
                    var keys: [TemplateValue] = []
                    for path in paths {
                        keys.append(
                            Self.key(try path.value(in: item, interpreter), bound.bool(1)))
                    }
                    return .list(keys)
                })
        case .min, .max:
            let bound = try bind(arguments, ["case_sensitive", "attribute"])
            let path = try bound.present(1).map(AttributePath.init)
            var best: (item: TemplateValue, key: TemplateValue)?
            for item in try value.collect(interpreter.limits) {
                let key = Self.key(try path?.value(in: item, interpreter) ?? item, bound.bool(0))
                guard let current = best else {
                    best = (item, key)
                    continue
                }
                let symbol = self == .min ? "<" : ">"
                let order = try key.order(to: current.key, symbol: symbol) ?? 0
                if self == .min ? order < 0 : order > 0 { best = (item, key) }
            }
            return best?.item ?? .undefined(.reason("No aggregated item, sequence was empty."))
        case .unique:
            let bound = try bind(arguments, ["case_sensitive", "attribute"])
            let path = try bound.present(1).map(AttributePath.init)
            let isSensitive = bound.bool(0)
            let items = try value.iterate()
            var seen = Set<TemplateKey>()
            return .iterator(
                ValueIterator { () throws(TemplateError) in
                    while let item = try items.next() {
                        let key = Self.key(
                            try path?.value(in: item, interpreter) ?? item, isSensitive)
                        if seen.insert(try TemplateKey(hashing: key)).inserted { return item }
                    }
                    return nil
                })
        case .groupby: return try grouped(value, arguments, interpreter)
        default: return value
        }
    }

    /// What an item is compared by: text without regard to case, unless that matters.
    private static func key(_ value: TemplateValue, _ isCaseSensitive: Bool) -> TemplateValue {
        guard !isCaseSensitive, let text = value.text else { return value }
        return .string(TextCase.lower(text))
    }

    /// `items` by their keys; equal ones keep their order, also when reversed.
    private static func sorted(
        _ items: [TemplateValue], isReversed: Bool,
        by key: (TemplateValue) throws(TemplateError) -> TemplateValue
    ) throws(TemplateError) -> [TemplateValue] {
        var keyed: [(item: TemplateValue, key: TemplateValue)] = []
        for item in items { keyed.append((item, try key(item))) }
        let sorted = try StableSort.sorted(keyed) { (left, right) throws(TemplateError) in
            let order = try left.key.order(to: right.key)
            return order.map { isReversed ? $0 > 0 : $0 < 0 } ?? false
        }
        return sorted.map(\.item)
    }

    private func dictSorted(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["case_sensitive", "by", "reverse"])
        let by = try bound.text(1, default: "key")
        guard by == "key" || by == "value" else {
            throw TemplateError(
                .filterArgument, "You can only sort by either \"key\" or \"value\"")
        }
        if case .undefined(let undefined) = value { throw undefined.error }
        guard case .dict(let dict) = value else {
            throw TemplateError(
                .attribute, "'\(value.typeName)' object has no attribute 'items'")
        }
        let pairs = DictView(.items, of: dict).values
        return .list(
            try Self.sorted(pairs, isReversed: bound.bool(2)) { (pair) throws(TemplateError) in
                guard case .tuple(let pair) = pair else { return .none }
                return Self.key(pair.items[by == "key" ? 0 : 1], bound.bool(0))
            })
    }

    private func grouped(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(
            arguments, ["attribute", "default", "case_sensitive"], required: 1)
        let path = try AttributePath(bound.value(0))
        let isSensitive = bound.bool(2)
        func own(_ item: TemplateValue) throws(TemplateError) -> TemplateValue {
            try path.value(in: item, default: bound.present(1), interpreter)
        }
        func key(_ item: TemplateValue) throws(TemplateError) -> TemplateValue {
            Self.key(try own(item), isSensitive)
        }
        let items = try Self.sorted(
            try value.collect(interpreter.limits), isReversed: false, by: key)
        var groups: [(key: TemplateValue, items: [TemplateValue])] = []
        for item in items {
            let itemKey = try key(item)
            if let last = groups.last, last.key.isEqual(to: itemKey) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((itemKey, [item]))
            }
        }
        var result: [TemplateValue] = []
        for group in groups {
            result.append(
                .tuple(
                    TemplateTuple(
                        [try own(group.items[0]), .list(group.items)],
                        labels: ["grouper", "list"])))
        }
        return .list(result)
    }
}
