import HoneCore

/// The whole GRPO loss of some completions: policy term, KL term, entropy bonus, masks, normalisation.
///
/// L = Σ_s Σ_t w_s · mask_t · (v_t · policy_t + β · k_t) − bonus · Σ_s Σ_t keep_t · H_t, where v_t is the
/// product of the token weightings and of keep_t (``EntropyTerms``). Returns the loss, ∂L/∂log π and
/// ∂L/∂H for every token, from which the update starts its backward pass.
public struct GRPOObjective: Sendable {
    public var policy: any PolicyObjective
    /// What importance ratios are taken of.
    public var level: GRPOConfig.ImportanceSamplingLevel
    /// Weight of the KL term in the loss; 0 leaves it out.
    public var beta: Double
    /// How the KL term is estimated.
    public var divergence: ReferenceDivergence
    /// Constant weights on the policy losses.
    public var weightings: [any TokenWeighting]

    public init(
        policy: any PolicyObjective, level: GRPOConfig.ImportanceSamplingLevel = .token,
        beta: Double, divergence: ReferenceDivergence = ReferenceDivergence(),
        weightings: [any TokenWeighting] = []
    ) {
        self.policy = policy
        self.level = level
        self.beta = beta
        self.divergence = divergence
        self.weightings = weightings
    }

    /// The loss of `completions` and its gradient.
    ///
    /// - Parameters:
    ///   - completions: What was computed for each completion.
    ///   - weights: one per completion, from ``LossNormalization``.
    ///   - entropy: what the whole batch says of entropies.
    public func evaluate(
        _ completions: [ScoredCompletion], weights: [Double], entropy: EntropyTerms = .none
    ) -> Evaluation {
        var result = Evaluation()
        for (completion, weight) in zip(completions, weights) {
            add(completion, weight, entropy, to: &result)
        }
        return result
    }

    private func add(
        _ completion: ScoredCompletion, _ weight: Double, _ entropy: EntropyTerms,
        to result: inout Evaluation
    ) {
        let count = completion.isTrained.count
        let ratios = ImportanceRatios(of: completion, level: level)
        let losses = policy.tokenLosses(of: completion, ratios: ratios)
        let factors = weightings.map { $0.weights(of: completion) }
        var slopes = Array(repeating: 0.0, count: count)
        var ratioSlopes = slopes
        var entropySlopes = Array(repeating: Float(0), count: entropy.bonus == 0 ? 0 : count)
        for t in 0..<count where completion.isTrained[t] {
            let isKept = entropy.keeps(t, of: completion)
            let factor = factors.reduce(isKept ? 1 : 0) { $0 * $1[t] }
            result.policyLoss += weight * factor * losses[t].value
            slopes[t] = factor * losses[t].slope
            ratioSlopes[t] = factor * losses[t].ratioSlope
            if isKept, !completion.entropies.isEmpty {
                result.keptTokens += 1
                result.keptEntropy += Double(completion.entropies[t])
                result.bonus += entropy.bonus * Double(completion.entropies[t])
                if entropy.bonus != 0 { entropySlopes[t] = -Float(entropy.bonus) }
            }
            guard beta != 0, let reference = completion.referenceLogProbabilities else { continue }
            var term = divergence.estimate(
                logProbability: Double(completion.logProbabilities[t]),
                reference: Double(reference[t]))
            if divergence.correction == .importanceRatio {
                term = (ratios.values[t] * term.value, ratios.values[t] * term.slope)
                ratioSlopes[t] += beta * term.value
            }
            slopes[t] += beta * term.slope
            result.policyLoss += weight * beta * term.value
            result.divergence += term.value
        }
        let pulled = ratios.pulledBack(ratioSlopes)
        result.gradients.append(zip(slopes, pulled).map { Float(weight * ($0 + $1)) })
        result.entropyGradients.append(entropySlopes)
        result.tallies.append(
            ObjectiveTally(losses, isTrained: completion.isTrained, ratios: ratios))
        result.trainedTokens += completion.trainedCount
    }

    /// Loss, gradient and what the metrics need. Evaluations of micro-batches add up.
    public struct Evaluation: Sendable {
        /// What the optimiser descends.
        public var loss: Double { policyLoss - bonus }
        /// The loss without the entropy bonus.
        public var policyLoss = 0.0
        /// The entropy bonus that the loss is lowered by.
        public var bonus = 0.0
        /// [S][T] ∂L/∂log π.
        public var gradients: [[Float]] = []
        /// [S][T] ∂L/∂H; the inner arrays are empty without a bonus.
        public var entropyGradients: [[Float]] = []
        /// Σ of the KL estimates over trained tokens, nats.
        public var divergence = 0.0
        public var trainedTokens = 0
        /// Trained tokens that the entropy selection keeps, and Σ of their entropies in nats.
        public var keptTokens = 0
        public var keptEntropy = 0.0
        /// One per completion.
        public var tallies: [ObjectiveTally] = []

        public init() {}

        /// Adds the evaluation of further completions of the same batch.
        public mutating func add(_ other: Evaluation) {
            policyLoss += other.policyLoss
            bonus += other.bonus
            gradients += other.gradients
            entropyGradients += other.entropyGradients
            divergence += other.divergence
            trainedTokens += other.trainedTokens
            keptTokens += other.keptTokens
            keptEntropy += other.keptEntropy
            tallies += other.tallies
        }
    }
}
