import OrderedCollections

/// One reward function of a recipe. Options of its type stay as they were written in ``options``; a
/// ``RewardCatalog`` knows them.
public struct RewardConfig: ConfigSection {
    public var name = ""
    public var type = ""
    public var weight = 1.0
    public var onError: FailurePolicy = .exclude
    /// The share of failures among the latest completions at which the run stops.
    public var maxFailureShare = 1.0
    /// Seconds for one call of a Python function.
    public var timeout = 10.0
    /// The keys that belong to the type: `file`, `function`, `column`, ….
    public var options: JSONObject = [:]

    /// What a failure of the function means for the completion.
    public enum FailurePolicy: String, ConfigChoice {
        /// The completion leaves its group.
        case exclude
        /// The function's score counts as 0.
        case zero
        /// The run ends.
        case stop
    }

    public init(name: String, type: String, weight: Double = 1, options: JSONObject = [:]) {
        self.name = name
        self.type = type
        self.weight = weight
        self.options = options
    }

    private init() {}

    public static let defaults = RewardConfig()
    public static let summary = "One reward function. Further keys are options of its type."
    public static let rest: (any WritableKeyPath<RewardConfig, JSONObject> & Sendable)? =
        \RewardConfig.options
    public static let fields: [ConfigField<RewardConfig>] = [
        .required("name", \.name, "Metrics show it as rewards/NAME/mean.", .notEmpty),
        .required("type", \.type, "Which function: format, exact_match, python, ….", .notEmpty),
        ConfigField(
            "weight", \.weight, "Factor of its score in the total; may be negative.",
            synonyms: ["reward_weights"]),
        ConfigField(
            "on_error", \.onError,
            "When it fails: exclude the completion from its group, count zero, or stop the run."),
        ConfigField(
            "max_failure_share", \.maxFailureShare,
            "The run stops when this share of the latest 256 completions failed (64 at least have "
                + "been scored). 1: when all did.", .above(0, upTo: 1)),
        ConfigField(
            "timeout", \.timeout,
            "Seconds one call of a Python function may take: for a completion, or for a group where it "
                + "takes lists.", .above(0)),
    ]
}

/// Knows the reward functions that recipes may name. Supplied from above, so that recipes are
/// checked whole before anything runs.
public protocol RewardCatalog: Sendable {
    /// Appends what is wrong with the type or the options of `reward`, which stands at `path`.
    func check(_ reward: RewardConfig, at path: ConfigPath, _ problems: inout [ConfigProblem])
}
