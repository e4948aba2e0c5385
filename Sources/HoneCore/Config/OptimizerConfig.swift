/// The optimiser and the schedule of its learning rate.
public struct OptimizerConfig: ConfigSection {
    public var name: Name = .adamw
    public var learningRate = 1e-5
    public var adamBeta1 = 0.9
    public var adamBeta2 = 0.999
    public var adamEpsilon = 1e-8
    /// Used by ``Name/sgd``.
    public var momentum = 0.9
    public var weightDecay = 0.0
    /// `nil` does not clip.
    public var maxGradNorm: Double? = 1.0
    public var schedule: Schedule = .linear
    public var warmupRatio: Double?
    public var warmupSteps: Int?
    public var minLearningRate = 0.0
    /// Used by ``Schedule/warmupStableDecay``.
    public var decayRatio = 0.1

    /// Which optimiser turns gradients into steps.
    public enum Name: String, ConfigChoice {
        case adamw
        /// Moments of one byte each instead of four.
        case adamw8Bit = "adamw_8bit"
        /// Momentum alone.
        case sgd

        /// What transformers' `optim` calls the same.
        private static let published: [String: Name] = [
            "adamw_torch": .adamw, "adamw_torch_fused": .adamw, "adamw_hf": .adamw,
            "adamw_bnb_8bit": .adamw8Bit,
        ]

        public static func read(
            _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
        ) -> Name? {
            if let text = json.stringValue,
                let name = Name(rawValue: text) ?? published[text]
            {
                return name
            }
            reportMismatch(json, at: path, &problems)
            return nil
        }
    }

    /// How the learning rate goes on after the warm-up.
    public enum Schedule: String, ConfigChoice {
        case constant
        /// Straight down to `min_learning_rate` at the last step.
        case linear
        /// Down along half a cosine to `min_learning_rate` at the last step.
        case cosine
        /// As 1 / √step, never below `min_learning_rate`.
        case inverseSqrt = "inverse_sqrt"
        /// Level, then straight down to `min_learning_rate` over the last `decay_ratio` of all steps.
        case warmupStableDecay = "warmup_stable_decay"
    }

    public init() {}

    public static let defaults = OptimizerConfig()
    public static let summary = "The optimiser and the schedule of its learning rate."
    public static let fields: [ConfigField<OptimizerConfig>] = [
        ConfigField(
            "name", \.name,
            "adamw; adamw_8bit, whose moments take one byte each; or sgd with momentum. "
                + "transformers' names for them (adamw_torch, adamw_bnb_8bit) are read too.",
            synonyms: ["optim", "optimizer", "type"]),
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
            "momentum", \.momentum, "Share of the last step that goes on into the next (sgd).",
            .atLeast(0, below: 1)),
        ConfigField(
            "weight_decay", \.weightDecay,
            "Pull of weights to zero, times the learning rate; with sgd it passes the momentum.",
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
            "Share of all steps in which the learning rate rises in equal parts. Default: none.",
            .within(0...1)),
        .optional(
            "warmup_steps", \.warmupSteps,
            "Steps in which the learning rate rises in equal parts, instead of warmup_ratio.",
            .atLeast(0)),
        ConfigField(
            "min_learning_rate", \.minLearningRate, "Where a falling schedule ends.", .atLeast(0)),
        ConfigField(
            "decay_ratio", \.decayRatio,
            "Share of all steps in which warmup_stable_decay falls at the end.", .within(0...1)),
    ]

    public static let checks: [ConfigCheck<OptimizerConfig>] = [
        // By value: a resolved recipe names every key.
        ConfigCheck("name", "momentum") { config, _ in
            guard config.name != .sgd, config.momentum != defaults.momentum else { return nil }
            return "momentum belongs to name: sgd; AdamW's is adam_beta1"
        },
        ConfigCheck("name", "adam_beta1", "adam_beta2", "adam_epsilon") { config, _ in
            let changed = [
                ("adam_beta1", config.adamBeta1 != defaults.adamBeta1),
                ("adam_beta2", config.adamBeta2 != defaults.adamBeta2),
                ("adam_epsilon", config.adamEpsilon != defaults.adamEpsilon),
            ]
            guard config.name == .sgd, let key = changed.first(where: \.1) else { return nil }
            return "sgd has no \(key.0); remove it, or take name: adamw"
        },
        ConfigCheck("decay_ratio", "schedule") { config, _ in
            guard config.schedule != .warmupStableDecay, config.decayRatio != defaults.decayRatio
            else {
                return nil
            }
            return "belongs to schedule: warmup_stable_decay; remove it"
        },
        ConfigCheck("min_learning_rate", "schedule") { config, _ in
            guard config.schedule == .constant, config.minLearningRate != defaults.minLearningRate
            else {
                return nil
            }
            return "is where a falling schedule ends, and schedule: constant does not fall; remove "
                + "it, or take schedule: linear"
        },
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
