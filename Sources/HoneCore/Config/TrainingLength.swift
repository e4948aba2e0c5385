/// The fields by which every method says how long it trains and how much it computes at once.
public protocol TrainedSection: ConfigSection {
    /// Steps of the run; `nil` when epochs say it.
    var trainSteps: Int? { get set }
    /// Passes over the training rows; `nil` is one, unless steps are given.
    var numTrainEpochs: Double? { get set }
    /// Tokens of one forward and backward pass; `nil` lets the trainer choose.
    var microBatchTokens: Int? { get set }
}

extension TrainedSection {
    static var lengthFields: [ConfigField<Self>] {
        [
            .optional(
                "train_steps", \.trainSteps, "Steps of the run, instead of num_train_epochs.",
                .atLeast(1), synonyms: ["max_steps", "steps"]),
            .optional(
                "num_train_epochs", \.numTrainEpochs,
                "Passes over the training rows. Default: 1, unless train_steps is given.",
                .above(0, upTo: 1_000_000), synonyms: ["epochs"]),
            .optional(
                "micro_batch_tokens", \.microBatchTokens,
                "Tokens of one forward and backward pass; changes memory and speed, not the result. "
                    + "Default: chosen by the trainer.", .atLeast(1),
                synonyms: ["gradient_accumulation_steps", "per_device_train_batch_size"]),
        ]
    }

    static var lengthCheck: ConfigCheck<Self> {
        ConfigCheck("train_steps", "num_train_epochs") { config, _ in
            guard config.trainSteps != nil, config.numTrainEpochs != nil else { return nil }
            return "train_steps and num_train_epochs both say how long to train; keep one"
        }
    }
}

/// How epochs become steps.
public enum TrainingLength {
    /// ⌈epochs · rows / rowsPerStep⌉, at least 1, at most 2³¹ − 1.
    public static func steps(epochs: Double, rows: Int, rowsPerStep: Int) -> Int {
        let steps = (epochs * Double(rows) / Double(rowsPerStep)).rounded(.up)
        return Int(min(max(steps, 1), Double(Int32.max)))
    }
}
