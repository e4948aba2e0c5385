/// Options of supervised fine-tuning.
public struct SFTConfig: TrainedSection {
    /// Rows a step; `nil` when ``batchTokens`` says how large a step is.
    public var batchSize: Int?
    /// Tokens a step, filled with whole rows.
    public var batchTokens: Int?
    public var packing = true
    /// Tokens of one row, prompt and completion together.
    public var maxLength = 1024
    public var completionOnlyLoss = true
    public var assistantTurns: AssistantTurns = .last
    public var trainSteps: Int?
    public var numTrainEpochs: Double?
    public var microBatchTokens: Int?

    /// Which turns of a conversation are learnt.
    public enum AssistantTurns: String, ConfigChoice {
        case last, all
    }

    public init() {}

    public static let defaults = SFTConfig()
    public static let summary = "Options of method sft."
    public static let fields: [ConfigField<SFTConfig>] =
        [
            .optional(
                "batch_size", \.batchSize, "Rows a step. Default: 8, unless batch_tokens is given.",
                .atLeast(1), synonyms: ["per_device_train_batch_size"]),
            .optional(
                "batch_tokens", \.batchTokens,
                "Tokens a step, filled with whole rows, instead of batch_size.", .atLeast(1)),
            ConfigField(
                "packing", \.packing,
                "Put several rows into one pass without padding; rows never see each other."),
            ConfigField(
                "max_length", \.maxLength,
                "Longest row in tokens; dataset.overlong says what becomes of longer ones.",
                .atLeast(2), synonyms: ["max_seq_length"]),
            ConfigField(
                "completion_only_loss", \.completionOnlyLoss,
                "Learn the completion only, not the prompt."),
            ConfigField(
                "assistant_turns", \.assistantTurns,
                "In rows with messages: learn the last answer of the assistant, or all of them."),
        ] + lengthFields

    public static let checks: [ConfigCheck<SFTConfig>] = [
        lengthCheck,
        ConfigCheck("batch_size", "batch_tokens") { config, _ in
            guard config.batchSize != nil, config.batchTokens != nil else { return nil }
            return "batch_size and batch_tokens both say how large a step is; keep one"
        },
        ConfigCheck("batch_tokens", "max_length") { config, _ in
            guard let tokens = config.batchTokens, tokens < config.maxLength else { return nil }
            return "must hold the longest row (max_length \(config.maxLength)), is \(tokens)"
        },
    ]

    /// How large a step is.
    public var batch: Batch {
        if let batchTokens { return .tokens(batchTokens) }
        return .rows(batchSize ?? 8)
    }

    public enum Batch: Sendable, Hashable {
        case rows(Int)
        case tokens(Int)
    }
}
