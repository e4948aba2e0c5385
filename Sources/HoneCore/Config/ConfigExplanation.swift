/// What `hone validate --explain KEY` prints.
public enum ConfigExplanation {
    /// The explanation of the key at `path` of a recipe; of all keys for the root.
    /// - Throws: ``ConfigProblem`` for a path that no recipe has, naming the nearest.
    public static func text(of path: ConfigPath) throws(ConfigProblem) -> String {
        var keys = TrainingConfig.form.keys
        var form = TrainingConfig.form
        var found: ConfigKey?
        var place = ConfigPath.root
        for step in path.steps {
            guard case .key(let name) = step else { continue }
            guard let key = keys.first(where: { $0.name == name }) else {
                throw unknown(name, at: place, among: keys)
            }
            place = place.key(name)
            found = key
            form = key.form
            keys = key.form.keys
        }
        guard let found else { return table(of: keys, at: .root) }
        var lines = ["\(place): \(found.expectation)", "  \(found.summary)"]
        if !found.synonyms.isEmpty {
            lines.append("  elsewhere called: \(found.synonyms.joined(separator: ", "))")
        }
        if case .section(let summary, _, let isOpen) = form {
            if summary != found.summary { lines.append("  \(summary)") }
            if isOpen { lines.append("  Further keys are kept.") }
        }
        let nested = table(of: keys, at: place)
        return (lines + (nested.isEmpty ? [] : ["", nested])).joined(separator: "\n")
    }

    /// The explanation of a section that is not part of every recipe, under a heading.
    public static func text(of form: ConfigForm, under heading: String) -> String {
        guard case .section(let summary, let keys, _) = form else { return heading }
        let nested = table(of: keys, at: .root)
        return "\(heading)\n  \(summary)" + (nested.isEmpty ? "" : "\n" + nested)
    }

    /// One paragraph a key, nested ones after it.
    private static func table(of keys: [ConfigKey], at path: ConfigPath) -> String {
        keys.flatMap { key -> [String] in
            let place = path.key(key.name)
            let nested = table(of: key.form.keys, at: place)
            let entry = "\(place): \(key.expectation)\n    \(key.summary)"
            return nested.isEmpty ? [entry] : [entry, nested]
        }.joined(separator: "\n")
    }

    private static func unknown(_ name: String, at place: ConfigPath, among keys: [ConfigKey])
        -> ConfigProblem
    {
        guard !keys.isEmpty else {
            return ConfigProblem(place.key(name), "unknown key; \(place) has no keys below it")
        }
        let all = TrainingConfig.form.keys
        let meant =
            keys.first { $0.synonyms.contains(name) }?.name
            ?? KeySuggestion.nearest(to: name, among: keys.map(\.name))
            ?? paths(to: name, in: all, from: .root).first
            ?? KeySuggestion.nearest(to: name, among: names(in: all))
            .flatMap { paths(to: $0, in: all, from: .root).first }
        let remedy =
            meant.map { "did you mean \($0)?" }
            ?? "known keys: \(keys.map(\.name).joined(separator: ", "))"
        return ConfigProblem(place.key(name), "unknown key; \(remedy)")
    }

    private static func names(in keys: [ConfigKey]) -> [String] {
        keys.flatMap { [$0.name] + names(in: $0.form.keys) }
    }

    /// Every path that ends in a key of this name.
    static func paths(to name: String, in keys: [ConfigKey], from place: ConfigPath) -> [String] {
        keys.flatMap { key in
            let here = key.name == name || key.synonyms.contains(name)
            return (here ? ["\(place.key(key.name))"] : [])
                + paths(to: name, in: key.form.keys, from: place.key(key.name))
        }
    }
}

extension ConfigKey {
    /// "an integer, at least 2; default 8".
    var expectation: String {
        let conditions = ([form.text] + rules).joined(separator: ", ")
        return switch presence {
        case .required: conditions + "; required"
        case .defaults(.null): conditions + "; may be absent"
        case .defaults(.object): conditions
        case .defaults(let value): conditions + "; default \(value.text())"
        }
    }
}
