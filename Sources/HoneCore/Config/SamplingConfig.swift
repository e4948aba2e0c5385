/// How completions are drawn in training.
public struct SamplingConfig: ConfigSection {
    public var temperature = 1.0
    public var topP = 1.0
    public var topK = 0
    public var minP = 0.0
    public var repetitionPenalty = 1.0
    public var maxCompletionLength = 512
    public var stop: [String] = []
    public var quantization: RolloutQuantization = .none

    public init() {}

    /// What decode steps multiply weights in.
    public enum RolloutQuantization: String, ConfigChoice {
        /// The run's own type.
        case none
        /// Weights and activations in eight bits, in groups of 128.
        case int8
    }

    public static let defaults = SamplingConfig()
    public static let summary = "How completions are drawn in training."
    public static let fields: [ConfigField<SamplingConfig>] = [
        ConfigField(
            "temperature", \.temperature, "Divides the logits; 0 is greedy.", .atLeast(0)),
        ConfigField(
            "top_p", \.topP, "Keep the smallest set of tokens that reaches this probability.",
            .above(0, upTo: 1, because: "1 keeps all tokens")),
        ConfigField(
            "top_k", \.topK, "Keep this many most probable tokens; 0 keeps all.", .atLeast(0)),
        ConfigField(
            "min_p", \.minP, "Keep tokens at least this many times as probable as the best.",
            .atLeast(0, below: 1)),
        ConfigField(
            "repetition_penalty", \.repetitionPenalty,
            "Makes tokens that occurred less probable; 1 changes nothing.", .above(0)),
        ConfigField(
            "max_completion_length", \.maxCompletionLength, "Longest completion in tokens.",
            .atLeast(1), synonyms: ["max_tokens", "max_new_tokens"]),
        ConfigField("stop", \.stop, "Texts that end a completion.", synonyms: ["stop_strings"]),
        ConfigField(
            "quantization", \.quantization,
            "int8 draws tokens with weights and activations in eight bits, on AMD processors with "
                + "AVX-512 bf16 and VNNI: faster, but from a distribution that is not quite the "
                + "policy's; elsewhere it changes nothing. Say how "
                + "grpo.importance_sampling_correction makes up for it. none: the run's dtype.",
            synonyms: ["rollout_quantization", "vllm_quantization"]),
    ]

    /// The same values in the form the engine takes; stop strings travel apart, as text.
    public var parameters: SamplingParameters {
        SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repetitionPenalty: repetitionPenalty, maxTokens: maxCompletionLength)
    }
}
