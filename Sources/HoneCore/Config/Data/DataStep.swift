import OrderedCollections

/// One thing done to every row before it becomes a prompt; a recipe lists them in `dataset.steps` and
/// they are applied in that order.
///
/// In a recipe a step is a mapping of one key, its name: `- cast: {target: integer}`.
public enum DataStep: Sendable, Hashable {
    case rename(RenameStep)
    case select(SelectStep)
    case remove(RemoveStep)
    case filter(FilterStep)
    case cast(CastStep)
    case extract(ExtractStep)
    case replace(ReplaceStep)
    case pick(PickStep)
    case fill(FillStep)
    case defaults(DefaultStep)

    /// A kind of step: its name in recipes, what stands there, and how it is read.
    private struct Kind: Sendable {
        var name: String
        var summary: String
        var form: @Sendable () -> ConfigForm
        var read: @Sendable (JSONValue, ConfigPath, inout [ConfigProblem]) -> DataStep?

        init<Value: ConfigValue>(
            _ name: String, _ summary: String, _ make: @escaping @Sendable (Value) -> DataStep
        ) {
            self.name = name
            self.summary = summary
            form = { Value.form }
            read = { json, path, problems in Value.read(json, at: path, &problems).map(make) }
        }
    }

    private static let kinds: [Kind] = [
        Kind(
            "rename", "Gives columns other names: {question: prompt}. The order of columns stays.",
            DataStep.rename),
        Kind(
            "select", "Keeps only these columns, in this order: [question, answer].",
            DataStep.select),
        Kind("remove", "Takes columns away: [id, source].", DataStep.remove),
        Kind(
            "filter", "Keeps only rows that meet all its conditions; the others are counted.",
            DataStep.filter),
        Kind(
            "cast",
            "Turns values into another type: {target: integer, nums: json}. A value that cannot be "
                + "turned makes a bad row.", DataStep.cast),
        Kind(
            "extract",
            "Takes a part of a text by a pattern (PCRE2): the group named as the column, else the "
                + "first group, else the whole match.", DataStep.extract),
        Kind(
            "replace", "Replaces every match of a pattern in a text, such as the commas in 1,000.",
            DataStep.replace),
        Kind(
            "pick",
            "Takes a value from inside a list or an object: {from: answers.text[0], to: answer}.",
            DataStep.pick),
        Kind(
            "fill", "Makes a text column from a template with {column} placeholders.",
            DataStep.fill),
        Kind(
            "default",
            "Gives a column a value in rows that lack it or where it is null: {level: 1}.",
            DataStep.defaults),
    ]

    /// Its name in recipes.
    public var name: String { named.name }

    private var named: (name: String, value: any ConfigValue) {
        switch self {
        case .rename(let step): ("rename", step)
        case .select(let step): ("select", step)
        case .remove(let step): ("remove", step)
        case .filter(let step): ("filter", step)
        case .cast(let step): ("cast", step)
        case .extract(let step): ("extract", step)
        case .replace(let step): ("replace", step)
        case .pick(let step): ("pick", step)
        case .fill(let step): ("fill", step)
        case .defaults(let step): ("default", step)
        }
    }

    /// The step in one line of a report: `filter {"column":"level","at_least":3}`.
    public var summary: String {
        var value = named.value.configJSON
        if case .object(let members) = value {
            value = .object(members.filter { !$0.value.isNull })
        }
        return "\(name) \(value.text())"
    }
}

extension DataStep: ConfigValue {
    public static var form: ConfigForm {
        .section(
            summary: "One step; exactly one of the keys.",
            keys: kinds.map { kind in
                ConfigKey(
                    name: kind.name, summary: kind.summary, form: kind.form(), rules: [],
                    presence: .defaults(to: .null), synonyms: [])
            }, isOpen: false)
    }

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> DataStep? {
        let names = kinds.map(\.name)
        guard let members = json.objectValue, members.count == 1,
            let (name, value) = members.elements.first
        else {
            problems.append(
                ConfigProblem(
                    path, "a step is a mapping of one key, one of \(names.joined(separator: ", "))")
            )
            return nil
        }
        guard let kind = kinds.first(where: { $0.name == name }) else {
            let remedy =
                KeySuggestion.nearest(to: name, among: names).map { "did you mean \($0)?" }
                ?? "known steps: \(names.joined(separator: ", "))"
            problems.append(ConfigProblem(path.key(name), "there is no such step; \(remedy)"))
            return nil
        }
        return kind.read(value, path.key(name), &problems)
    }

    public var configJSON: JSONValue { [named.name: named.value.configJSON] }
}
