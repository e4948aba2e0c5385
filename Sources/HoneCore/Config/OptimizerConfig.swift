/// AdamW and the schedule of its learning rate.
public struct OptimizerConfig: ConfigSection {
    public var learningRate = 1e-5
    public var adamBeta1 = 0.9
    public var adamBeta2 = 0.999
    public var adamEpsilon = 1e-8
    public var weightDecay = 0.0
    /// `nil` does not clip.
    public var maxGradNorm: Double? = 1.0
    public var schedule: Schedule = .linear
    public var warmupRatio: Double?
    public var warmupSteps: Int?
    public var minLearningRate = 0.0

    /// How the learning rate goes on after the warm-up.
    public enum Schedule: String, ConfigChoice {
        case constant
        /// Straight down to `min_learning_rate` at the last step.
        case linear
        /// Down along half a cosine to `min_learning_rate` at the last step.
        case cosine
    }

    public init() {}

    public static let defaults = OptimizerConfig()
    public static let summary = "AdamW and the schedule of its learning rate."
    public static let fields: [ConfigField<OptimizerConfig>] = [
        ConfigField(
            "learning_rate", \.learningRate,
            "Highest learning rate. An adapter takes about ten times that of full fine-tuning.",
            .above(0), synonyms: ["lr"]),
        ConfigField(
            "adam_beta1", \.adamBeta1, "Decay of the mean of gradients.", .atLeast(0, below: 1),
            synonyms: ["beta1"]),
        ConfigField(
            "adam_beta2", \.adamBeta2, "Decay of the mean of squared gradients.",
            .atLeast(0, below: 1), synonyms: ["beta2"]),
        ConfigField(
            "adam_epsilon", \.adamEpsilon, "Added to the root in the denominator.", .above(0),
            synonyms: ["eps", "epsilon"]),
        ConfigField(
            "weight_decay", \.weightDecay, "Decoupled weight decay, times the learning rate.",
            .atLeast(0)),
        .optional(
            "max_grad_norm", \.maxGradNorm,
            "Gradients longer than this are scaled down to it; null: never.", .above(0),
            synonyms: ["clip_grad", "gradient_clipping"]),
        ConfigField(
            "schedule", \.schedule, "How the learning rate goes on after the warm-up.",
            synonyms: ["lr_scheduler_type", "scheduler"]),
        .optional(
            "warmup_ratio", \.warmupRatio,
            "Share of all steps in which the learning rate rises from 0. Default: none.",
            .within(0...1)),
        .optional(
            "warmup_steps", \.warmupSteps,
            "Steps in which the learning rate rises from 0, instead of warmup_ratio.", .atLeast(0)),
        ConfigField(
            "min_learning_rate", \.minLearningRate, "Where linear and cosine end.", .atLeast(0)),
    ]

    public static let checks: [ConfigCheck<OptimizerConfig>] = [
        ConfigCheck("warmup_ratio", "warmup_steps") { config, _ in
            guard config.warmupRatio != nil, config.warmupSteps != nil else { return nil }
            return "warmup_ratio and warmup_steps both say how long to warm up; keep one"
        },
        ConfigCheck("min_learning_rate", "learning_rate") { config, _ in
            guard config.minLearningRate > config.learningRate else { return nil }
            return "must be at most learning_rate (\(config.learningRate)), "
                + "is \(config.minLearningRate)"
        },
    ]

    /// Steps of the warm-up in a run of `totalSteps`: ⌈ratio · totalSteps⌉ or as given.
    public func warmup(totalSteps: Int) -> Int {
        if let warmupSteps { return warmupSteps }
        return Int(((warmupRatio ?? 0) * Double(totalSteps)).rounded(.up))
    }
}
