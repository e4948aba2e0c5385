/// What a place in a recipe may hold, for decoding errors and for `hone validate --explain`.
public indirect enum ConfigForm: Sendable, Hashable {
    /// In the words of an error message: "a number", "a path".
    case value(String)
    case choice([String])
    case list(ConfigForm)
    /// A mapping with known keys; `isOpen` when it keeps unknown ones too.
    case section(summary: String, keys: [ConfigKey], isOpen: Bool)
    case either([ConfigForm])

    /// "a number", "one of grpo, sft", "a list of strings".
    public var text: String {
        switch self {
        case .value(let text): text
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .list(let element): "a list, each item " + element.text
        case .section: "a mapping"
        case .either(let forms): forms.map(\.text).joined(separator: ", or ")
        }
    }

    /// The keys of the mapping that may stand here.
    public var keys: [ConfigKey] {
        switch self {
        case .value, .choice: []
        case .list(let element): element.keys
        case .section(_, let keys, _): keys
        case .either(let forms): forms.flatMap(\.keys)
        }
    }

    /// The keys that may stand at `path`; none if it leads nowhere.
    func keys(at path: ConfigPath) -> [ConfigKey] {
        var keys = keys
        for case .key(let name) in path.steps {
            keys = keys.first { $0.name == name }?.form.keys ?? []
        }
        return keys
    }
}

/// One key of a recipe, described.
public struct ConfigKey: Sendable, Hashable {
    public var name: String
    /// What it does, in one or two sentences.
    public var summary: String
    public var form: ConfigForm
    /// Conditions in words, each completing "must be …".
    public var rules: [String]
    public var presence: Presence
    /// Names other programs give the same thing; a recipe that uses one is told ours.
    public var synonyms: [String]

    public enum Presence: Sendable, Hashable {
        case required
        /// Absent means this value; `null` where absent means none.
        case defaults(to: JSONValue)
    }
}
