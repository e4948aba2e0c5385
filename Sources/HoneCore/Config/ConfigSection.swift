import OrderedCollections

/// A mapping of a recipe with known keys. Its ``fields`` are the one place that says what the keys
/// are: decoding, defaults, `--explain` and the resolved recipe all read them.
public protocol ConfigSection: ConfigValue {
    /// One sentence for `--explain`.
    static var summary: String { get }
    /// Every field at its default. Required fields hold an empty value that decoding replaces or
    /// reports as missing.
    static var defaults: Self { get }
    static var fields: [ConfigField<Self>] { get }
    /// What must hold between fields.
    static var checks: [ConfigCheck<Self>] { get }
    /// Where keys without a field go; `nil` when unknown keys are refused.
    static var rest: (any WritableKeyPath<Self, JSONObject> & Sendable)? { get }
}

extension ConfigSection {
    public static var checks: [ConfigCheck<Self>] { [] }
    public static var rest: (any WritableKeyPath<Self, JSONObject> & Sendable)? { nil }

    public static var form: ConfigForm {
        .section(summary: summary, keys: fields.map(\.described), isOpen: rest != nil)
    }

    /// Reads as much as can be read, so that one faulty key does not hide what is wrong elsewhere.
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Self? {
        guard let members = json.objectValue else {
            reportMismatch(json, at: path, &problems)
            return nil
        }
        return decode(members, at: path, &problems)
    }

    /// Reads `members` as far as they can be read: what is wrong keeps its default and is appended
    /// to `problems`.
    public static func decode(
        _ members: JSONObject, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Self {
        var value = defaults
        let firstProblem = problems.count
        for field in fields {
            if let json = members[field.described.name] {
                field.read(json, path.key(field.described.name), &value, &problems)
            } else if field.described.presence == .required {
                problems.append(
                    ConfigProblem(
                        path.key(field.described.name),
                        "is required: \(field.described.summary)"))
            }
        }
        let known = Set(fields.map(\.described.name))
        for (key, json) in members where !known.contains(key) {
            if let rest {
                value[keyPath: rest][key] = json
            } else {
                problems.append(unknownKey(key, at: path))
            }
        }
        let faulty = problems[firstProblem...].map(\.path)
        for check in checks {
            let concerned = check.keys.map { path.appending(ConfigPath($0)) }
            if concerned.contains(where: { place in faulty.contains { $0.touches(place) } }) {
                continue
            }
            guard let message = check.message(value, Given(members: members)) else { continue }
            problems.append(ConfigProblem(concerned.first ?? path, message))
        }
        return value
    }

    private static func unknownKey(_ key: String, at path: ConfigPath) -> ConfigProblem {
        // Options of a reward stand beside the reward's own keys, which may be what was meant.
        let neighbours = TrainingConfig.form.keys(at: path)
        let keys = fields.map(\.described) + neighbours.filter { $0.name != key }
        let meant =
            keys.first { $0.synonyms.contains(key) }?.name
            ?? KeySuggestion.nearest(to: key, among: keys.map(\.name))
            ?? ConfigExplanation.paths(to: key, in: TrainingConfig.form.keys, from: .root)
            .first { $0 != "\(path.key(key))" }
        let remedy =
            meant.map { "did you mean \($0)?" }
            ?? "known keys: \(fields.map(\.described.name).joined(separator: ", "))"
        return ConfigProblem(path.key(key), "unknown key; \(remedy)")
    }

    /// The first of `keys` whose value is not its default. Checks ask this rather than which keys were
    /// given where the resolved recipe, which gives all keys, must pass them too.
    func firstChanged(of keys: [String]) -> String? {
        Self.fields.first { field in
            keys.contains(field.described.name) && field.json(self) != field.json(Self.defaults)
        }?.described.name
    }

    /// All fields, defaults included.
    public var configJSON: JSONValue {
        var members = JSONObject()
        for field in Self.fields { members[field.described.name] = field.json(self) }
        if let rest = Self.rest {
            for (key, json) in self[keyPath: rest] { members[key] = json }
        }
        return .object(members)
    }
}

extension ConfigPath {
    /// Whether one of the two paths lies on the way to the other.
    func touches(_ other: ConfigPath) -> Bool {
        steps.starts(with: other.steps) || other.steps.starts(with: steps)
    }
}

/// Which keys a recipe really gave, as opposed to defaults.
public struct Given: Sendable {
    let members: JSONObject

    public func contains(_ dotted: String) -> Bool {
        var value: JSONValue? = .object(members)
        for case .key(let name) in ConfigPath(dotted).steps { value = value?[name] }
        return value.map { !$0.isNull } ?? false
    }
}

/// A condition between fields of a section.
public struct ConfigCheck<Root: Sendable>: Sendable {
    /// The keys it speaks of (dotted, within the section); the problem is shown at the first. It is
    /// skipped while one of them has a problem of its own.
    public let keys: [String]
    /// What is wrong and what to do; `nil` when all is well.
    let message: @Sendable (Root, Given) -> String?

    public init(_ keys: String..., message: @escaping @Sendable (Root, Given) -> String?) {
        self.keys = keys
        self.message = message
    }
}

/// One key of a section, tied to the property that holds it.
public struct ConfigField<Root: ConfigSection>: Sendable {
    private let describe: @Sendable () -> ConfigKey
    let read: @Sendable (JSONValue, ConfigPath, inout Root, inout [ConfigProblem]) -> Void
    let json: @Sendable (Root) -> JSONValue

    /// The key's description. Computed when asked for: a default may be a section of its own.
    public var described: ConfigKey { describe() }

    /// A key that may be absent; its default is the property's value in `Root.defaults`.
    public init<Value: ConfigValue>(
        _ name: String, _ property: any WritableKeyPath<Root, Value> & Sendable,
        _ summary: String, _ rules: ConfigRule<Value>..., synonyms: [String] = []
    ) {
        self.init(
            name: name, property: property, rules: rules, synonyms: synonyms, summary: summary,
            isRequired: false)
    }

    /// A key that must be given.
    public static func required<Value: ConfigValue>(
        _ name: String, _ property: any WritableKeyPath<Root, Value> & Sendable,
        _ summary: String, _ rules: ConfigRule<Value>..., synonyms: [String] = []
    ) -> Self {
        Self(
            name: name, property: property, rules: rules, synonyms: synonyms, summary: summary,
            isRequired: true)
    }

    /// A key that may be absent or `null`, with rules for the value it has otherwise.
    public static func optional<Value: ConfigValue>(
        _ name: String, _ property: any WritableKeyPath<Root, Value?> & Sendable,
        _ summary: String, _ rules: ConfigRule<Value>..., synonyms: [String] = []
    ) -> Self {
        let lifted = rules.map { rule in
            ConfigRule<Value?>(rule.text, because: rule.reason) { value in
                value.map(rule.isMet) ?? true
            }
        }
        return Self(
            name: name, property: property, rules: lifted, synonyms: synonyms, summary: summary,
            isRequired: false)
    }

    private init<Value: ConfigValue>(
        name: String, property: any WritableKeyPath<Root, Value> & Sendable,
        rules: [ConfigRule<Value>], synonyms: [String], summary: String, isRequired: Bool
    ) {
        describe = {
            ConfigKey(
                name: name, summary: summary, form: Value.form, rules: rules.map(\.text),
                presence: isRequired
                    ? .required
                    : .defaults(to: Root.defaults[keyPath: property].configJSON),
                synonyms: synonyms)
        }
        json = { root in root[keyPath: property].configJSON }
        read = { json, path, root, problems in
            guard let value = Value.read(json, at: path, &problems) else { return }
            for rule in rules where !rule.isMet(value) {
                let reason = rule.reason.isEmpty ? "" : " (\(rule.reason))"
                problems.append(
                    ConfigProblem(path, "must be \(rule.text), is \(json.text())\(reason)"))
                return
            }
            root[keyPath: property] = value
        }
    }
}
