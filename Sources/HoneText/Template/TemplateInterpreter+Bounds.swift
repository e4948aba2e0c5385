import OrderedCollections

extension TemplateInterpreter {
    /// What is counted of an expression beside what it makes.
    static let costOfExpression = 10
    /// Bytes of text that count as much as one value.
    private static let bytesOfUnit = 4

    /// Writes `text` to the output.
    func emit(_ text: String) throws(TemplateError) {
        try charge(text.utf8.count / Self.bytesOfUnit)
        output += text
        try output.requireRoom()
    }

    /// Counts `value`, which an expression has just made.
    /// - Throws: when it is too large or too deep, or when the template has worked for too long.
    func weigh(_ value: TemplateValue) throws(TemplateError) {
        switch value {
        case .string(let text), .markup(let text):
            try text.requireRoom()
            try charge(text.utf8.count / Self.bytesOfUnit)
        case .list, .tuple, .dict, .view, .namespace, .cycler, .joiner: _ = try nesting(of: value)
        default: return
        }
    }

    /// Counts the work of looking through `value`, as a filter, a method or a comparison does.
    func chargeForReading(_ value: TemplateValue) throws(TemplateError) {
        switch value {
        case .string(let text), .markup(let text): try charge(text.utf8.count / 64)
        case .list(let items): try charge(items.count / 16)
        case .tuple(let tuple): try charge(tuple.items.count / 16)
        case .dict(let dict): try charge(dict.entries.count / 16)
        default: return
        }
    }

    /// Counts the work of comparing two values to their depth.
    func chargeForComparing(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) {
        try chargeForReading(left)
        try chargeForReading(right)
        guard left.isContainer, right.isContainer else { return }
        _ = try nesting(of: left)
    }

    /// How many values stand within each other in `value`; each one met is counted.
    ///
    /// Values that share parts may be far larger written out than they are in memory (`[a, a]` of `[b, b]` of
    /// …), and each level takes its part of the stack when they are compared, printed or let go.
    /// - Throws: beyond ``TemplateLimits/valueDepth``.
    func nesting(of value: TemplateValue, level: Int = 0) throws(TemplateError) -> Int {
        try charge(1)
        guard level <= limits.valueDepth else {
            throw TemplateError(.limit, "a value nested deeper than \(limits.valueDepth) levels")
        }
        switch value {
        case .list(let items): return try nesting(of: items, level)
        case .tuple(let tuple): return try nesting(of: tuple.items, level)
        case .dict(let dict): return try nesting(of: dict.entries.values.elements, level)
        case .view(let view): return try nesting(of: view.dict.entries.values.elements, level)
        case .namespace(let namespace):
            return try nesting(of: namespace.members.values.elements, level)
        case .cycler(let cycler): return try nesting(of: cycler.items, level)
        case .joiner(let joiner): return try nesting(of: [joiner.separator], level)
        case .iterator(let iterator):
            guard level + iterator.depth <= limits.valueDepth else {
                throw TemplateError(
                    .limit, "filters over filters, deeper than \(limits.valueDepth) levels")
            }
            return level + iterator.depth
        case .macro, .loop:
            // They hold the variables that they were made among, which may hold others in turn.
            guard level == 0 else {
                throw TemplateError(
                    .unsupported, "keeping a \(value.typeName) object in another value")
            }
            return level
        default: return level
        }
    }

    private func nesting(
        of items: [TemplateValue], _ level: Int
    ) throws(TemplateError) -> Int {
        var deepest = level
        for item in items { deepest = max(deepest, try nesting(of: item, level: level + 1)) }
        return deepest
    }

    /// Marks a value that `map`, `select` or their like will make from `input` and `arguments` with how deep
    /// its making calls itself.
    func mark(
        _ result: TemplateValue, madeFrom input: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) {
        guard case .iterator(let iterator) = result else { return }
        var depth = try nesting(of: input)
        for value in arguments.positional { depth = max(depth, try nesting(of: value)) }
        for (_, value) in arguments.keyword { depth = max(depth, try nesting(of: value)) }
        iterator.depth = max(iterator.depth, depth + 1)
        _ = try nesting(of: result)
    }
}

extension String {
    /// - Throws: where it has more bytes than one text of a template may have.
    func requireRoom() throws(TemplateError) {
        guard utf8.count <= TemplateLimits.standard.size else {
            throw TemplateError(
                .limit, "a text of more than \(TemplateLimits.standard.size) bytes")
        }
    }
}

extension TemplateValue {
    fileprivate var isContainer: Bool {
        switch self {
        case .list, .tuple, .dict, .namespace, .view: true
        default: false
        }
    }
}
