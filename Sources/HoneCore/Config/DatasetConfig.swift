import OrderedCollections

/// The rows of a run and how each becomes a prompt.
public struct DatasetConfig: ConfigSection {
    public var path = ""
    /// `nil` goes by the file's ending.
    public var format: Format?
    /// Column of the file → the name it has in this recipe.
    public var columns: OrderedDictionary<String, String> = [:]
    public var prompt: PromptConfig = .defaults
    /// Supervised rows only.
    public var completion: CompletionConfig = .defaults
    public var test: TestSplit?
    /// Column whose equal values stay on one side of the split; `nil` splits row by row.
    public var splitKey: String?
    public var splitSeed = 0
    public var shuffle = true
    public var limit: Int?
    /// Tokens; `nil` leaves only the model's own limit.
    public var maxPromptLength: Int?
    public var overlong: Overlong = .drop

    public enum Format: String, ConfigChoice {
        case jsonl, csv
    }

    /// What becomes of a row that is too long. Every such row is counted and reported.
    public enum Overlong: String, ConfigChoice {
        case drop
        /// Prompts lose tokens at their beginning, supervised rows at their end.
        case truncate
        case refuse
    }

    public init(path: String) { self.path = path }

    private init() {}

    public static let defaults = DatasetConfig()
    public static let summary = "The rows of a run and how each becomes a prompt."
    public static let fields: [ConfigField<DatasetConfig>] = [
        .required(
            "path", \.path,
            "File with the training rows, JSON lines or CSV; relative to the recipe or to the "
                + "working directory.", .notEmpty, synonyms: ["train", "file", "train_file"]),
        .optional("format", \.format, "Default: by the file's ending, .jsonl or .csv."),
        ConfigField(
            "columns", \.columns,
            "Renames columns as they are read: {target: answer} calls column target answer.",
            synonyms: ["rename"]),
        ConfigField("prompt", \.prompt, "How a row becomes a prompt."),
        ConfigField("completion", \.completion, "How a row becomes a supervised completion."),
        .optional(
            "test", \.test, "Held-out rows: {fraction: F}, {rows: N} or {path: FILE}.",
            synonyms: ["eval", "validation"]),
        .optional(
            "split_key", \.splitKey,
            "Rows with the same value in this column fall on the same side of the split, so that "
                + "no problem is both learnt and tested. Default: every row by itself.", .notEmpty),
        ConfigField(
            "split_seed", \.splitSeed,
            "Draws limit and the held-out rows. It is not the run's seed, so that runs with "
                + "different seeds are tested on the same rows.", .atLeast(0)),
        ConfigField(
            "shuffle", \.shuffle,
            "A new order each epoch, decided by the run's seed; and held-out rows drawn at random, not "
                + "from the end."),
        .optional(
            "limit", \.limit,
            "Use only this many rows, drawn before the split (the first ones if "
                + "shuffle is false).", .atLeast(1), synonyms: ["max_samples"]),
        .optional(
            "max_prompt_length", \.maxPromptLength,
            "Longest prompt in tokens. Default: what the model can take besides the completion.",
            .atLeast(1)),
        ConfigField(
            "overlong", \.overlong, "What becomes of a row that is too long; each one is counted."),
    ]
}

/// Which rows are held out.
public enum TestSplit: ConfigValue {
    /// This share of the rows, in (0, 1).
    case fraction(Double)
    /// This many rows.
    case rows(Int)
    /// All rows of another file of the same columns.
    case path(String)

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
                name: "path", summary: "A file of its own.", form: String.form, rules: [],
                presence: .defaults(to: .null), synonyms: ["file"]),
        ], isOpen: false)

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> TestSplit? {
        guard let members = json.objectValue else {
            problems.append(
                ConfigProblem(
                    path,
                    "expected {fraction: F}, {rows: N} or {path: FILE}, found \(json.text())"))
            return nil
        }
        for key in members.keys where !["fraction", "rows", "path"].contains(key) {
            let meant = KeySuggestion.nearest(to: key, among: ["fraction", "rows", "path"])
            let remedy =
                meant.map { "did you mean \($0)?" } ?? "known keys: fraction, rows, path"
            problems.append(ConfigProblem(path.key(key), "unknown key; \(remedy)"))
            return nil
        }
        guard members.count == 1, let (key, value) = members.elements.first else {
            problems.append(
                ConfigProblem(path, "give exactly one of fraction, rows and path"))
            return nil
        }
        switch key {
        case "fraction":
            guard let share = Double.read(value, at: path.key(key), &problems) else { return nil }
            guard share > 0, share < 1 else {
                problems.append(
                    ConfigProblem(
                        path.key(key), "must be greater than 0 and less than 1, is \(value.text())")
                )
                return nil
            }
            return .fraction(share)
        case "rows":
            guard let count = Int.read(value, at: path.key(key), &problems) else { return nil }
            guard count >= 1 else {
                problems.append(
                    ConfigProblem(path.key(key), "must be at least 1, is \(count)"))
                return nil
            }
            return .rows(count)
        default:
            return String.read(value, at: path.key(key), &problems).map(TestSplit.path)
        }
    }

    public var configJSON: JSONValue {
        switch self {
        case .fraction(let share): ["fraction": .double(share)]
        case .rows(let count): ["rows": .int(count)]
        case .path(let file): ["path": .string(file)]
        }
    }
}
