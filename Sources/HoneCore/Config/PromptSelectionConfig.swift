/// Dynamic sampling: a step learns only from groups that tell completions apart.
public struct FilterGroupsConfig: ConfigSection {
    /// The reward function whose scores must differ within a group.
    public var metric = ""
    /// Batches of prompts that a step asks at most, the first included.
    public var maxNumGenBatches = 10

    public init(metric: String, maxNumGenBatches: Int = 10) {
        self.metric = metric
        self.maxNumGenBatches = maxNumGenBatches
    }

    private init() {}

    public static let defaults = FilterGroupsConfig()
    public static let summary =
        "Dynamic sampling (DAPO, arXiv 2503.14476): groups without signal are replaced by others."
    public static let fields: [ConfigField<FilterGroupsConfig>] = [
        .required(
            "metric", \.metric,
            "Name of the reward that must differ within a group; the one that says whether an answer "
                + "is right, since a shaping reward would keep every group alive.", .notEmpty),
        ConfigField(
            "max_num_gen_batches", \.maxNumGenBatches,
            "Batches of num_prompts prompts that a step asks at most, the first included; then it "
                + "learns from what it found.", .atLeast(2),
            synonyms: ["dynamic_sampling_max_gen_batches"]),
    ]
}

/// A memory of which prompts are solved.
public struct DifficultyConfig: ConfigSection {
    /// The reward function whose mean over a group says how easy its prompt is.
    public var metric = ""
    public var easyThreshold = 1.0
    public var easyFraction = 0.1

    public init(metric: String, easyThreshold: Double = 1, easyFraction: Double = 0.1) {
        self.metric = metric
        self.easyThreshold = easyThreshold
        self.easyFraction = easyFraction
    }

    private init() {}

    public static let defaults = DifficultyConfig()
    public static let summary = "A memory of solved prompts, which are then asked less often."
    public static let fields: [ConfigField<DifficultyConfig>] = [
        .required(
            "metric", \.metric, "Name of the reward that says how well a prompt is solved.",
            .notEmpty),
        ConfigField(
            "easy_threshold", \.easyThreshold,
            "A prompt is solved when the mean of that reward over its latest group reaches this."),
        ConfigField(
            "easy_fraction", \.easyFraction,
            "Chance that a solved prompt is asked all the same when its turn comes, so that "
                + "forgetting is noticed.", .within(0...1)),
    ]
}
