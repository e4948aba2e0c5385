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
    public var minP = 0.0
    public var repetitionPenalty = 1.0
    /// `nil` takes `sampling.max_completion_length`.
    public var maxCompletionLength: Int?
    public var passAtK: [Int] = []
    /// A completion passes when its total reward reaches this.
    public var passThreshold = 1.0
    /// Empty means those of the training.
    public var rewards: [RewardConfig] = []
    /// Which metric says that one evaluation is better than another.
    public var metricForBestModel = "reward"
    public var greaterIsBetter = true
    /// The run's result is the checkpoint with the best metric instead of the last state.
    public var loadBestModelAtEnd = false
    /// Evaluations in a row without improvement after which the run ends; `nil` for never.
    public var earlyStoppingPatience: Int?
    /// By how much the metric must improve to count.
    public var earlyStoppingThreshold = 0.0
    /// The run ends when the metric reaches this; `nil` for never.
    public var earlyStoppingTarget: Double?

    public init() {}

    /// How its completions are drawn, at most `maxTokens` tokens each.
    public func parameters(maxTokens: Int) -> SamplingParameters {
        SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repetitionPenalty: repetitionPenalty, maxTokens: maxTokens)
    }

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
        ConfigField("min_p", \.minP, "As in sampling.", .atLeast(0, below: 1)),
        ConfigField("repetition_penalty", \.repetitionPenalty, "As in sampling.", .above(0)),
        .optional(
            "max_completion_length", \.maxCompletionLength,
            "Longest completion in tokens. Default: sampling.max_completion_length.", .atLeast(1)),
        ConfigField(
            "pass_at_k", \.passAtK,
            "Report the chance that at least one of k completions passes, for each k here."),
        ConfigField(
            "pass_threshold", \.passThreshold,
            "A completion passes when its total reward reaches this."),
        ConfigField(
            "rewards", \.rewards,
            "Reward functions of the evaluation, so that what is measured need not be what is "
                + "trained. Default: those of the training."),
        ConfigField(
            "metric_for_best_model", \.metricForBestModel,
            "The metric of an evaluation that decides which state is best: reward, pass@k, "
                + "rewards/NAME/mean, ….", .notEmpty),
        ConfigField(
            "greater_is_better", \.greaterIsBetter, "Whether more of that metric is better."),
        ConfigField(
            "load_best_model_at_end", \.loadBestModelAtEnd,
            "The run's result is its best state by that metric, not its last."),
        .optional(
            "early_stopping_patience", \.earlyStoppingPatience,
            "End the run after so many evaluations in a row without a better one. Default: never.",
            .atLeast(1)),
        ConfigField(
            "early_stopping_threshold", \.earlyStoppingThreshold,
            "An evaluation is better only if it improves by more than this.", .atLeast(0)),
        .optional(
            "early_stopping_target", \.earlyStoppingTarget,
            "End the run when the metric reaches this. Default: never.",
            synonyms: ["max_reward"]),
    ]

    /// Metrics that every evaluation has, whatever its rewards are called.
    private var metricNames: [String] {
        ["reward", "reward_std", "rewards/failures", "completions/mean_length"]
            + ["completions/clipped_ratio"] + Set(passAtK + [1]).sorted().map { "pass@\($0)" }
    }

    /// Why no evaluation with reward functions of these names has ``metricForBestModel``.
    func unknownMetric(rewards names: [String]) -> String? {
        let known = metricNames + names.map { "rewards/\($0)/mean" }
        guard !known.contains(metricForBestModel), !names.isEmpty else { return nil }
        let meant = KeySuggestion.nearest(to: metricForBestModel, among: known)
        return "no evaluation has the metric \(metricForBestModel); "
            + (meant.map { "did you mean \($0)?" }
                ?? "there are \(known.joined(separator: ", "))")
    }

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
        ConfigCheck("early_stopping_patience", "every") { config, _ in
            guard config.earlyStoppingPatience != nil, config.every == nil else { return nil }
            return "counts evaluations during training; set every"
        },
        ConfigCheck("early_stopping_target", "every") { config, _ in
            guard config.earlyStoppingTarget != nil, config.every == nil else { return nil }
            return "is looked for in evaluations during training; set every"
        },
        ConfigCheck("load_best_model_at_end", "every") { config, _ in
            guard config.loadBestModelAtEnd, config.every == nil else { return nil }
            return "compares evaluations during training; set every"
        },
        ConfigCheck("rewards") { config, _ in
            var seen: Set<String> = []
            for reward in config.rewards where !seen.insert(reward.name).inserted {
                return "two rewards are named \(reward.name); metrics go by name, so rename one"
            }
            return nil
        },
    ]
}

/// When the run's state is saved.
public struct CheckpointConfig: ConfigSection {
    /// Steps between checkpoints, and one after the last step; `nil` for none.
    public var every: Int?
    /// How many of the latest checkpoints stay on disk.
    public var keep = 2
    /// Whether the best evaluation's state gets a checkpoint, which stays.
    public var best = false

    public init() {}

    public static let defaults = CheckpointConfig()
    public static let summary = "When the run's state is saved for --resume."
    public static let fields: [ConfigField<CheckpointConfig>] = [
        .optional(
            "every", \.every,
            "Steps between checkpoints; the last step gets one too. Default: only the result is "
                + "saved.",
            .atLeast(1), synonyms: ["save_steps"]),
        ConfigField(
            "keep", \.keep, "How many of the latest stay on disk.", .atLeast(1),
            synonyms: ["save_total_limit"]),
        ConfigField(
            "best", \.best,
            "Keep a checkpoint of the best evaluation too, by evaluation.metric_for_best_model; "
                + "evaluation.load_best_model_at_end does so by itself."),
    ]
}
