import OrderedCollections

/// Which rows are held out.
public enum TestSplit: ConfigValue {
    /// This share of the rows, in (0, 1).
    case fraction(Double)
    /// This many rows.
    case rows(Int)
    /// All rows of another file of the same columns.
    case path(String)
    /// All rows of another split of the same dataset folder.
    case split(String)
    /// The rows that meet a condition on one of their columns, after the recipe's steps.
    case condition(FilterStep)

    private static let names = ["fraction", "rows", "path", "split", "where"]

    public static let form = ConfigForm.section(
        summary: "Held-out rows; exactly one of the keys.",
        keys: [
            ConfigKey(
                name: "fraction", summary: "Share of the rows.", form: Double.form,
                rules: ["greater than 0 and less than 1"], presence: .defaults(to: .null),
                synonyms: ["test_size"]),
            ConfigKey(
                name: "rows", summary: "Number of rows.", form: Int.form, rules: ["at least 1"],
                presence: .defaults(to: .null), synonyms: ["size"]),
            ConfigKey(
                name: "path", summary: "A file or dataset folder of its own.", form: String.form,
                rules: [], presence: .defaults(to: .null), synonyms: ["file"]),
            ConfigKey(
                name: "split", summary: "Another split of the dataset folder, such as test.",
                form: String.form, rules: ["not empty"], presence: .defaults(to: .null),
                synonyms: []),
            ConfigKey(
                name: "where",
                summary: "Rows that meet a condition after the steps, such as "
                    + "{column: part, equals: test}.", form: FilterStep.form, rules: [],
                presence: .defaults(to: .null), synonyms: ["by"]),
        ], isOpen: false)

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> TestSplit? {
        guard let members = json.objectValue else {
            problems.append(
                ConfigProblem(
                    path,
                    "expected {fraction: F}, {rows: N}, {path: FILE}, {split: NAME} or "
                        + "{where: CONDITION}, found \(json.text())"))
            return nil
        }
        for key in members.keys where !names.contains(key) {
            let meant = KeySuggestion.nearest(to: key, among: names)
            let remedy =
                meant.map { "did you mean \($0)?" }
                ?? "known keys: \(names.joined(separator: ", "))"
            problems.append(ConfigProblem(path.key(key), "unknown key; \(remedy)"))
            return nil
        }
        guard members.count == 1, let (key, value) = members.elements.first else {
            problems.append(
                ConfigProblem(path, "give exactly one of fraction, rows, path, split and where"))
            return nil
        }
        return read(value, named: key, at: path.key(key), &problems)
    }

    private static func read(
        _ value: JSONValue, named key: String, at path: ConfigPath,
        _ problems: inout [ConfigProblem]
    ) -> TestSplit? {
        switch key {
        case "fraction":
            guard let share = Double.read(value, at: path, &problems) else { return nil }
            guard share > 0, share < 1 else {
                problems.append(
                    ConfigProblem(
                        path, "must be greater than 0 and less than 1, is \(value.text())"))
                return nil
            }
            return .fraction(share)
        case "rows":
            guard let count = Int.read(value, at: path, &problems) else { return nil }
            guard count >= 1 else {
                problems.append(ConfigProblem(path, "must be at least 1, is \(count)"))
                return nil
            }
            return .rows(count)
        case "where": return FilterStep.read(value, at: path, &problems).map(TestSplit.condition)
        default:
            guard let name = String.read(value, at: path, &problems) else { return nil }
            guard key == "path" || !name.isEmpty else {
                problems.append(ConfigProblem(path, "must be not empty, is \"\""))
                return nil
            }
            return key == "path" ? .path(name) : .split(name)
        }
    }

    public var configJSON: JSONValue {
        switch self {
        case .fraction(let share): ["fraction": .double(share)]
        case .rows(let count): ["rows": .int(count)]
        case .path(let file): ["path": .string(file)]
        case .split(let name): ["split": .string(name)]
        case .condition(let filter): ["where": filter.configJSON]
        }
    }
}
