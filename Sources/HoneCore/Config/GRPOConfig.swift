/// Options of group relative policy optimisation (DeepSeekMath, arXiv 2402.03300), by TRL's names.
public struct GRPOConfig: ConfigSection {
    /// Prompts a step; a step draws `numPrompts · numGenerations` completions.
    public var numPrompts = 8
    /// Completions a prompt: the group.
    public var numGenerations = 8
    public var lossType: LossType = .dapo
    /// Weight of the KL term; 0 needs no reference model.
    public var beta = 0.0
    public var useBiasCorrectionKL = true
    public var epsilon = 0.2
    /// `nil` is the same as ``epsilon``.
    public var epsilonHigh: Double?
    /// Passes over the completions of a step.
    public var numIterations = 1
    /// Optimiser updates that one pass over the completions of a step is divided into.
    public var updatesPerIteration = 1
    public var scaleRewards: RewardScale = .group
    public var maskTruncatedCompletions = false
    public var trainSteps: Int?
    public var numTrainEpochs: Double?
    /// Tokens of one forward and backward pass; `nil` lets the trainer choose.
    public var microBatchTokens: Int?

    /// What the token losses are divided by.
    public enum LossType: String, ConfigChoice {
        /// Mean within each completion, then over completions.
        case grpo
        /// Over the tokens of the micro-batch.
        case bnpo
        /// Over completions × `max_completion_length`.
        case drGRPO = "dr_grpo"
        /// Over the tokens of the whole batch.
        case dapo
    }

    /// What an advantage is divided by.
    public enum RewardScale: String, ConfigChoice {
        /// The standard deviation within the group.
        case group
        /// The standard deviation over the batch.
        case batch
        /// Nothing.
        case none
    }

    public init() {}

    public static let defaults = GRPOConfig()
    public static let summary = "Options of method grpo."
    public static let fields: [ConfigField<GRPOConfig>] = [
        ConfigField(
            "num_prompts", \.numPrompts,
            "Prompts a step; each gets num_generations completions.", .atLeast(1)),
        ConfigField(
            "num_generations", \.numGenerations, "Completions a prompt: the group.",
            .atLeast(
                2, because: "a completion is judged against the others of its group; 8 is usual"),
            synonyms: ["group_size"]),
        ConfigField(
            "loss_type", \.lossType,
            "What token losses are divided by. grpo: the completion's length; bnpo and "
                + "dapo: the tokens of the batch; dr_grpo: max_completion_length."),
        ConfigField(
            "beta", \.beta, "Weight of the KL divergence to the reference model; 0 needs none.",
            .atLeast(0), synonyms: ["kl_coef"]),
        ConfigField(
            "use_bias_correction_kl", \.useBiasCorrectionKL,
            "Multiply the KL term by the importance ratio, so that its gradient is that of the "
                + "reverse KL (arXiv 2512.02556)."),
        ConfigField(
            "epsilon", \.epsilon, "How far a probability ratio may fall below 1 before clipping.",
            .above(0, below: 1), synonyms: ["epsilon_low", "clip_range"]),
        .optional(
            "epsilon_high", \.epsilonHigh,
            "How far the ratio may rise above 1. Default: epsilon.", .above(0)),
        ConfigField(
            "num_iterations", \.numIterations, "Passes over the completions of a step.",
            .atLeast(1)),
        ConfigField(
            "updates_per_iteration", \.updatesPerIteration,
            "Optimiser updates in one pass over the completions of a step.", .atLeast(1)),
        ConfigField(
            "scale_rewards", \.scaleRewards,
            "What advantages are divided by: the standard deviation of the group, of the batch, or "
                + "none."),
        ConfigField(
            "mask_truncated_completions", \.maskTruncatedCompletions,
            "Leave completions that reached max_completion_length out of the loss."),
        .optional(
            "train_steps", \.trainSteps, "Steps of the run, instead of num_train_epochs.",
            .atLeast(1), synonyms: ["max_steps", "steps"]),
        .optional(
            "num_train_epochs", \.numTrainEpochs,
            "Passes over the training rows. Default: 1, unless train_steps is given.", .above(0),
            synonyms: ["epochs"]),
        .optional(
            "micro_batch_tokens", \.microBatchTokens,
            "Tokens of one forward and backward pass; changes memory and speed, not the result. "
                + "Default: chosen by the trainer.", .atLeast(1)),
    ]

    public static let checks: [ConfigCheck<GRPOConfig>] = [
        ConfigCheck("train_steps", "num_train_epochs") { config, _ in
            guard config.trainSteps != nil, config.numTrainEpochs != nil else { return nil }
            return "train_steps and num_train_epochs both say how long to train; keep one"
        },
        ConfigCheck("updates_per_iteration", "num_prompts") { config, _ in
            guard config.numPrompts % config.updatesPerIteration != 0 else { return nil }
            return "must divide num_prompts (\(config.numPrompts)), so that each update sees whole "
                + "groups; is \(config.updatesPerIteration)"
        },
    ]

    /// Steps of a run over `rows` training rows.
    public func steps(rows: Int) -> Int {
        trainSteps
            ?? TrainingLength.steps(
                epochs: numTrainEpochs ?? 1, rows: rows, rowsPerStep: numPrompts)
    }
}

/// How epochs become steps.
public enum TrainingLength {
    /// ⌈epochs · rows / rowsPerStep⌉, at least 1.
    public static func steps(epochs: Double, rows: Int, rowsPerStep: Int) -> Int {
        max(1, Int((epochs * Double(rows) / Double(rowsPerStep)).rounded(.up)))
    }
}
