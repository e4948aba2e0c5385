/// The whole GRPO loss of some completions: policy term, KL term, masks and normalisation.
///
/// L = Σ_s Σ_t w_s · mask_t · (policy_t + β · k3_t). Returns the loss and ∂L/∂log π for every token,
/// from which the update starts its backward pass.
public struct GRPOObjective: Sendable {
    public var policy: any PolicyObjective
    /// Weight of the KL term; 0 leaves it out.
    public var beta: Double
    /// How the KL term is estimated.
    public var divergence: ReferenceDivergence

    public init(
        policy: any PolicyObjective, beta: Double, divergence: ReferenceDivergence = .plain
    ) {
        self.policy = policy
        self.beta = beta
        self.divergence = divergence
    }

    /// The loss of `completions` and its gradient.
    ///
    /// - Parameter weights: one per completion, from ``LossNormalization``.
    /// - Parameter completions: What was computed for each completion.
    public func evaluate(_ completions: [ScoredCompletion], weights: [Double]) -> Evaluation {
        var result = Evaluation()
        for (completion, weight) in zip(completions, weights) {
            let tokens = policy.tokenLosses(of: completion)
            var gradient = Array(repeating: Float(0), count: tokens.losses.count)
            var tally = ClipTally()
            for t in tokens.losses.indices where completion.isTrained[t] {
                var loss = tokens.losses[t]
                var slope = tokens.slopes[t]
                if beta != 0, let reference = completion.referenceLogProbabilities {
                    let term = divergence.k3(
                        logProbability: Double(completion.logProbabilities[t]),
                        old: Double(completion.oldLogProbabilities[t]),
                        reference: Double(reference[t]))
                    loss += beta * term.value
                    slope += beta * term.slope
                    result.divergence += term.value
                }
                result.loss += weight * loss
                gradient[t] = Float(weight * slope)
                tally.count(low: tokens.isClippedLow[t], high: tokens.isClippedHigh[t])
            }
            result.gradients.append(gradient)
            result.clips.append(tally)
        }
        return result
    }

    /// Loss, gradient and what the metrics need. Evaluations of micro-batches add up.
    public struct Evaluation: Sendable {
        public var loss = 0.0
        /// [S][T] ∂L/∂log π.
        public var gradients: [[Float]] = []
        /// Σ k3 over trained tokens, nats.
        public var divergence = 0.0
        /// One per completion.
        public var clips: [ClipTally] = []

        public init() {}
    }

    /// How often the clips decided in one completion.
    public struct ClipTally: Sendable, Hashable {
        public var trained = 0
        public var low = 0
        public var high = 0

        mutating func count(low isLow: Bool, high isHigh: Bool) {
            trained += 1
            if isLow { low += 1 }
            if isHigh { high += 1 }
        }
    }
}
