/// How tokens are drawn, by TRL's names.
public struct SamplingParameters: Sendable, Hashable {
    /// Divides the logits; 0 means greedy. Range [0, ∞).
    public var temperature: Double
    /// Keep the `topK` most probable tokens; 0 keeps all.
    public var topK: Int
    /// Keep the smallest set of tokens whose probability reaches `topP`. Range (0, 1].
    public var topP: Double
    /// Keep tokens at least `minP` times as probable as the most probable. Range [0, 1).
    public var minP: Double
    /// Divides positive and multiplies negative logits of tokens already present (prompt and
    /// completion), as transformers does. 1 changes nothing.
    public var repetitionPenalty: Double
    /// At most this many tokens are drawn.
    public var maxTokens: Int

    public init(
        temperature: Double = 1, topK: Int = 0, topP: Double = 1, minP: Double = 0,
        repetitionPenalty: Double = 1, maxTokens: Int = 256
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.maxTokens = maxTokens
    }
}
