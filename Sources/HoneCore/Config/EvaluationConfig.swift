/// Measurement on held-out rows.
public struct EvaluationConfig: ConfigSection {
    /// Steps between evaluations; `nil` evaluates before the first and after the last step only.
    public var every: Int?
    /// `nil` takes every held-out row.
    public var rows: Int?
    /// Completions a row.
    public var samples = 1
    public var temperature = 0.0
    public var topP = 1.0
    public var topK = 0
    /// `nil` takes `sampling.max_completion_length`.
    public var maxCompletionLength: Int?
    public var passAtK: [Int] = []
    /// A completion passes when its total reward reaches this.
    public var passThreshold = 1.0

    public init() {}

    public static let defaults = EvaluationConfig()
    public static let summary = "Measurement on held-out rows, before, during and after training."
    public static let fields: [ConfigField<EvaluationConfig>] = [
        .optional(
            "every", \.every,
            "Steps between evaluations. Default: only before the first and after the last step.",
            .atLeast(1), synonyms: ["eval_steps"]),
        .optional("rows", \.rows, "Use only the first so many held-out rows.", .atLeast(1)),
        ConfigField("samples", \.samples, "Completions a row.", .atLeast(1)),
        ConfigField("temperature", \.temperature, "0 is greedy.", .atLeast(0)),
        ConfigField("top_p", \.topP, "As in sampling.", .above(0, upTo: 1)),
        ConfigField("top_k", \.topK, "As in sampling.", .atLeast(0)),
        .optional(
            "max_completion_length", \.maxCompletionLength,
            "Longest completion in tokens. Default: sampling.max_completion_length.", .atLeast(1)),
        ConfigField(
            "pass_at_k", \.passAtK,
            "Report the chance that at least one of k completions passes, for each k here."),
        ConfigField(
            "pass_threshold", \.passThreshold,
            "A completion passes when its total reward reaches this."),
    ]

    public static let checks: [ConfigCheck<EvaluationConfig>] = [
        ConfigCheck("pass_at_k", "samples") { config, _ in
            if let wrong = config.passAtK.first(where: { $0 < 1 }) {
                return "each k must be at least 1, is \(wrong)"
            }
            guard let largest = config.passAtK.max(), largest > config.samples else { return nil }
            return "pass@\(largest) needs at least \(largest) samples a row; set samples: "
                + "\(largest)"
        },
        ConfigCheck("samples", "temperature") { config, _ in
            guard config.samples > 1, config.temperature == 0 else { return nil }
            return "greedy completions of a row are all the same; set temperature above 0 or "
                + "samples: 1"
        },
    ]
}

/// When the run's state is saved.
public struct CheckpointConfig: ConfigSection {
    /// Steps between checkpoints; `nil` saves only at the end.
    public var every: Int?
    /// How many of the latest checkpoints stay on disk.
    public var keep = 2

    public init() {}

    public static let defaults = CheckpointConfig()
    public static let summary = "When the run's state is saved for --resume."
    public static let fields: [ConfigField<CheckpointConfig>] = [
        .optional(
            "every", \.every, "Steps between checkpoints. Default: only the end is saved.",
            .atLeast(1), synonyms: ["save_steps"]),
        ConfigField(
            "keep", \.keep, "How many of the latest stay on disk.", .atLeast(1),
            synonyms: ["save_total_limit"]),
    ]
}
