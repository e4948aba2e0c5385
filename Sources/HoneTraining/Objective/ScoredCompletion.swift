/// What the update computed for one completion, ready for the objective. The arrays are [T].
public struct ScoredCompletion: Sendable {
    /// log π(token) under the policy being updated, nats.
    public var logProbabilities: [Float]
    /// log π_old: the policy that the importance ratio compares with.
    public var oldLogProbabilities: [Float]
    /// log π_ref; `nil` without a KL term in the loss.
    public var referenceLogProbabilities: [Float]?
    /// Log-probabilities under the distribution that the sampler drew from.
    public var samplerLogProbabilities: [Float]
    /// Entropy of the policy's distribution at each position, nats; empty where no term asks for it.
    public var entropies: [Float]
    public var isTrained: [Bool]
    public var advantage: Double

    /// - Parameters:
    ///   - logProbabilities: [T] under the policy being updated, nats.
    ///   - oldLogProbabilities: [T] under π_old, nats.
    ///   - referenceLogProbabilities: [T] under π_ref, nats; `nil` without a KL term.
    ///   - samplerLogProbabilities: [T] as the sampler reported them; `nil`: it drew from π_old.
    ///   - entropies: [T] nats, or empty.
    ///   - isTrained: [T] whether the position takes part in the loss.
    ///   - advantage: how much better the completion did than its group.
    public init(
        logProbabilities: [Float], oldLogProbabilities: [Float],
        referenceLogProbabilities: [Float]?, samplerLogProbabilities: [Float]? = nil,
        entropies: [Float] = [], isTrained: [Bool], advantage: Double
    ) {
        self.logProbabilities = logProbabilities
        self.oldLogProbabilities = oldLogProbabilities
        self.referenceLogProbabilities = referenceLogProbabilities
        self.samplerLogProbabilities = samplerLogProbabilities ?? oldLogProbabilities
        self.entropies = entropies
        self.isTrained = isTrained
        self.advantage = advantage
    }

    /// Σ of `value` over the trained positions.
    func sumOverTrained(_ value: (Int) -> Double) -> Double {
        isTrained.indices.reduce(0) { isTrained[$1] ? $0 + value($1) : $0 }
    }

    var trainedCount: Int { isTrained.count { $0 } }
}
