import OrderedCollections

/// The rows of a run and how each becomes a prompt.
public struct DatasetConfig: ConfigSection {
    public var path = ""
    /// `nil` goes by what the file holds.
    public var format: Format?
    /// Split of a dataset folder; `nil` is `train`, or the only one.
    public var split: String?
    /// Where the rows lie inside a JSON document, `nil` for a document that is their list.
    public var records: String?
    /// Column of the file → the name it has in this recipe.
    public var columns: OrderedDictionary<String, String> = [:]
    public var steps: [DataStep] = []
    public var prompt: PromptConfig = .defaults
    /// Supervised rows only.
    public var completion: CompletionConfig = .defaults
    public var test: TestSplit?
    /// Column whose equal values stay on one side of the split; `nil` splits row by row.
    public var splitKey: String?
    public var splitSeed = 0
    public var shuffle = true
    public var limit: Int?
    public var duplicates: Duplicates = .keep
    public var maxBadRows = 0
    public var maxBadFraction = 0.0
    /// Tokens; `nil` leaves only the model's own limit.
    public var maxPromptLength: Int?
    public var overlong: Overlong = .drop

    public enum Format: String, ConfigChoice {
        /// One JSON object a line.
        case jsonl
        /// One JSON document: a list of objects, or one that holds it (`records`).
        case json
        case csv, tsv
        case parquet
        /// Arrow's stream or file format, as `datasets` saves it.
        case arrow
    }

    /// What becomes of a row whose prompt an earlier row has.
    public enum Duplicates: String, ConfigChoice {
        case keep
        /// The first stays; the others are counted.
        case drop
        /// They are bad rows.
        case refuse
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
            "The training rows: a file of JSON lines, JSON, CSV, TSV, Parquet or Arrow, or the folder of a "
                + "Hugging Face dataset; relative to the recipe or to the working directory.",
            .notEmpty, synonyms: ["train", "file", "train_file"]),
        .optional(
            "format", \.format,
            "Default: by what the file holds, and by its ending where that leaves it open."),
        .optional(
            "split", \.split,
            "Split of a dataset folder. Default: train, or the only one there is.", .notEmpty),
        .optional(
            "records", \.records,
            "Member of a JSON document that holds the list of rows, such as data or "
                + "data.examples. Default: the document is the list.", .notEmpty,
            synonyms: ["field"]),
        ConfigField(
            "columns", \.columns,
            "Renames columns as they are read: {target: answer} calls column target answer.",
            synonyms: ["rename"]),
        ConfigField(
            "steps", \.steps,
            "What is done to every row before it becomes a prompt, in this order, after columns.",
            synonyms: ["transforms", "map"]),
        ConfigField("prompt", \.prompt, "How a row becomes a prompt."),
        ConfigField("completion", \.completion, "How a row becomes a supervised completion."),
        .optional(
            "test", \.test,
            "Held-out rows: {fraction: F}, {rows: N}, {path: FILE}, {split: NAME} or {where: CONDITION}.",
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
        ConfigField(
            "duplicates", \.duplicates,
            "Rows whose prompt an earlier row has: keep them, drop them (counted), or refuse them "
                + "as bad rows."),
        ConfigField(
            "max_bad_rows", \.maxBadRows,
            "So many bad rows may be left out, with a warning that names them; one more stops the "
                + "run.", .atLeast(0)),
        ConfigField(
            "max_bad_fraction", \.maxBadFraction,
            "Likewise as a share of the rows of a file; the larger of the two counts.",
            .atLeast(0, below: 1)),
        .optional(
            "max_prompt_length", \.maxPromptLength,
            "Longest prompt in tokens. Default: what the model can take besides the completion.",
            .atLeast(1)),
        ConfigField(
            "overlong", \.overlong, "What becomes of a row that is too long; each one is counted."),
    ]

    public static let checks: [ConfigCheck<DatasetConfig>] = [
        ConfigCheck("records", "format") { config, _ in
            guard config.records != nil, let format = config.format, format != .json else {
                return nil
            }
            return "names a member of a JSON document, but format is \(format.rawValue)"
        },
        ConfigCheck("test.where", "limit") { config, given in
            guard case .condition? = config.test, given.contains("limit") else { return nil }
            return
                "says by itself which rows are held out; a limit drawn before could leave none, so "
                + "use a filter step to take fewer"
        },
        ConfigCheck("test.split", "split") { config, _ in
            guard case .split(let held)? = config.test, held == config.split ?? "train" else {
                return nil
            }
            return "holds out the split that is trained on, \(held)"
        },
    ]
}
