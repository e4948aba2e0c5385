import OrderedCollections

extension String {
    /// Whether both are the same sequence of Unicode scalars.
    func hasSameScalars(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

extension TemplateValue {
    /// Python's `==`.
    func isEqual(to other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)), (.string(let left), .markup(let right)),
            (.markup(let left), .string(let right)), (.markup(let left), .markup(let right)):
            return left.hasSameScalars(as: right)
        case (.none, .none), (.undefined, .undefined): return true
        case (.list(let left), .list(let right)):
            return left.count == right.count
                && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.tuple(let left), .tuple(let right)):
            return left.items.count == right.items.count
                && zip(left.items, right.items).allSatisfy { $0.isEqual(to: $1) }
        case (.dict(let left), .dict(let right)):
            return left === right
                || left.entries.count == right.entries.count
                    && left.entries.allSatisfy { key, value in
                        right.entries[key].map { $0.isEqual(to: value) } ?? false
                    }
        case (.range(let left), .range(let right)):
            let count = left.count
            return count == right.count
                && (count == 0
                    || left.start == right.start && (count == 1 || left.step == right.step))
        case (.view(let left), .view(let right)):
            guard left.part == right.part, left.part != .values else { return left === right }
            let others = right.values
            return left.values.count == others.count
                && left.values.allSatisfy { value in others.contains { $0.isEqual(to: value) } }
        default:
            if let left = Number(self), let right = Number(other) {
                return left.isEqual(to: right)
            }
            return isIdentical(to: other)
        }
    }

    /// Python's `is`, as far as a template can tell.
    func isIdentical(to other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.none, .none): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.int(let left), .int(let right)): return left == right
        case (.string(let left), .string(let right)): return left.hasSameScalars(as: right)
        case (.dict(let left), .dict(let right)): return left === right
        case (.tuple(let left), .tuple(let right)): return left === right
        case (.list(let left), .list(let right)):
            return left.withUnsafeBufferPointer { first in
                right.withUnsafeBufferPointer { second in
                    first.baseAddress == second.baseAddress && first.count == second.count
                }
            }
        case (.iterator(let left), .iterator(let right)): return left === right
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.macro(let left), .macro(let right)): return left === right
        case (.method(let left), .method(let right)):
            return left.name == right.name && left.receiver.isIdentical(to: right.receiver)
        case (.cycler(let left), .cycler(let right)): return left === right
        case (.joiner(let left), .joiner(let right)): return left === right
        case (.function(let left), .function(let right)): return left == right
        default: return false
        }
    }

    /// Python's order of two values: negative, zero or positive; `nil` where a not-a-number is
    /// neither less nor greater.
    /// - Throws: a type error where Python has no order for them.
    func order(to other: TemplateValue, symbol: String = "<") throws(TemplateError) -> Int? {
        if case .undefined(let undefined) = self { throw undefined.error }
        if case .undefined(let undefined) = other { throw undefined.error }
        if let left = text, let right = other.text {
            if left.utf8.lexicographicallyPrecedes(right.utf8) { return -1 }
            return left.hasSameScalars(as: right) ? 0 : 1
        }
        if let left = Number(self), let right = Number(other) { return left.order(to: right) }
        switch (self, other) {
        case (.list(let left), .list(let right)):
            return try Self.order(left, right, symbol: symbol)
        case (.tuple(let left), .tuple(let right)):
            return try Self.order(left.items, right.items, symbol: symbol)
        default:
            throw TemplateError(
                .type,
                "'\(symbol)' not supported between instances of '\(typeName)' "
                    + "and '\(other.typeName)'")
        }
    }

    private static func order(
        _ left: [TemplateValue], _ right: [TemplateValue], symbol: String
    ) throws(TemplateError) -> Int? {
        for (first, second) in zip(left, right) where !first.isEqual(to: second) {
            return try first.order(to: second, symbol: symbol)
        }
        return left.count - right.count
    }

    /// Whether Python's `in` finds `item` in this value.
    func contains(_ item: TemplateValue) throws(TemplateError) -> Bool {
        switch self {
        case .undefined: return false
        case .string(let text), .markup(let text):
            guard let part = item.text else {
                throw TemplateError(
                    .type,
                    "'in <string>' requires string as left operand, not \(item.typeName)")
            }
            return TextSearch.contains(part, in: text)
        case .dict(let dict): return dict.entries[try TemplateKey(hashing: item)] != nil
        case .view(let view) where view.part == .keys:
            return view.dict.entries[try TemplateKey(hashing: item)] != nil
        case .range(let range):
            guard case .int(let number)? = Number(item)?.asInteger else { return false }
            guard range.count > 0 else { return false }
            let last = range[range.count - 1]
            return (number - range.start) % range.step == 0
                && (min(range.start, last)...max(range.start, last)).contains(number)
        case .list, .tuple, .view, .iterator, .loop:
            let values = try iterate()
            while let value = try values.next() {
                if value.isIdentical(to: item) || value.isEqual(to: item) { return true }
            }
            return false
        default:
            throw TemplateError(.type, "argument of type '\(typeName)' is not iterable")
        }
    }
}
