/// One completion ready for the policy update. The four arrays of the completion share a length.
public struct TrainingSample: Sendable, Hashable {
    public var promptTokens: [Int32]
    /// [T] token ids of the completion.
    public var tokens: [Int32]
    /// [T] whether the position takes part in the loss.
    public var isTrained: [Bool]
    /// [T] log-probability (nats) under the distribution the sampler drew from.
    public var behaviourLogProbabilities: [Float]
    public var advantage: Float
    /// What the advantage was made of; needed where the KL divergence is taken from rewards.
    public var reward: Double
    /// Samples of one group share their prompt and stand together in a batch.
    public var group: Int
    /// The dataset row that asked, for messages; `nil` where there is none.
    public var row: Int?

    public init(
        promptTokens: [Int32], tokens: [Int32], isTrained: [Bool],
        behaviourLogProbabilities: [Float], advantage: Float, reward: Double = 0, group: Int,
        row: Int? = nil
    ) {
        self.promptTokens = promptTokens
        self.tokens = tokens
        self.isTrained = isTrained
        self.behaviourLogProbabilities = behaviourLogProbabilities
        self.advantage = advantage
        self.reward = reward
        self.group = group
        self.row = row
    }
}
