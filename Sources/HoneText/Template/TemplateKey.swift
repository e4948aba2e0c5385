/// A key of a dict, equal and hashed as Python does it: `1`, `1.0` and `True` are one key, and text
/// is equal scalar by scalar (Swift's `String` would take composed and decomposed letters for one).
struct TemplateKey: Hashable {
    let value: TemplateValue

    /// For values that are known to be hashable.
    init(_ value: TemplateValue) { self.value = value }

    /// - Throws: a type error for lists, dicts and what contains them.
    init(hashing value: TemplateValue) throws(TemplateError) {
        try Self.requireHashable(value)
        self.value = value
    }

    private static func requireHashable(_ value: TemplateValue) throws(TemplateError) {
        switch value {
        case .list, .dict, .view:
            throw TemplateError(.type, "unhashable type: '\(value.typeName)'")
        case .tuple(let tuple):
            for item in tuple.items { try requireHashable(item) }
        default: return
        }
    }

    static func == (left: TemplateKey, right: TemplateKey) -> Bool {
        left.value.isEqual(to: right.value)
    }

    func hash(into hasher: inout Hasher) { Self.hash(value, into: &hasher) }

    private static func hash(_ value: TemplateValue, into hasher: inout Hasher) {
        switch value {
        case .string(let text), .markup(let text):
            for byte in text.utf8 { hasher.combine(byte) }
        case .bool(let value): hasher.combine(value ? 1 : 0)
        case .int(let value): hasher.combine(value)
        case .double(let value):
            if let integer = Int(exactly: value) {
                hasher.combine(integer)
            } else {
                hasher.combine(value)
            }
        case .tuple(let tuple):
            hasher.combine(tuple.items.count)
            for item in tuple.items { hash(item, into: &hasher) }
        // Few of these are ever keys; equality tells them apart.
        default: hasher.combine(0)
        }
    }
}
