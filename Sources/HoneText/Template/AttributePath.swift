/// Where filters look inside of an item: `"name"`, `"outer.inner"`, `"items.0"` or a number.
struct AttributePath {
    private let parts: [TemplateValue]

    init(_ value: TemplateValue) throws(TemplateError) {
        switch value {
        case .none: parts = []
        case .string(let text), .markup(let text):
            parts = text.pythonParts(separatedBy: ".", most: .max, fromEnd: false).map { part in
                guard !part.isEmpty, part.unicodeScalars.allSatisfy(\.isASCIIDigit) else {
                    return .string(part)
                }
                return Int(part).map(TemplateValue.int) ?? .string(part)
            }
        default: parts = [value]
        }
    }

    /// The paths in `"first,second"`.
    static func several(_ value: TemplateValue) throws(TemplateError) -> [AttributePath] {
        guard let text = value.text else { return [try AttributePath(value)] }
        var paths: [AttributePath] = []
        for part in text.pythonParts(separatedBy: ",", most: .max, fromEnd: false) {
            paths.append(try AttributePath(.string(part)))
        }
        return paths
    }

    /// What stands there; `fallback`, if given, wherever a step finds nothing.
    func value(
        in item: TemplateValue, default fallback: TemplateValue? = nil,
        _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        var current = item
        for part in parts {
            current = try Members.item(part, of: current, interpreter)
            if current.isUndefined, let fallback {
                if case .none = fallback { continue }
                current = fallback
            }
        }
        return current
    }
}
