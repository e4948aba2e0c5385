import HoneCore

/// Which tokens carry the policy gradient by their entropy, and the entropy bonus.
///
/// - `top_entropy_quantile` q < 1: only tokens whose entropy reaches the (1 − q) quantile of all trained
///   tokens' keep their policy loss: the forks of the text rather than its grammar. Source: "Beyond the
///   80/20 Rule" (arXiv 2506.01939). The quantile is taken over the whole optimiser batch, so that cutting
///   it into micro-batches changes nothing (TRL takes it over each micro-batch).
/// - bonus c: L −= c · mean of H over those tokens (entropy regularisation; PPO, arXiv 1707.06347, eq. 9).
public struct EntropyTerms: Sendable, Hashable {
    /// Tokens below it have no policy loss and no bonus; `nil` keeps all.
    public var threshold: Double?
    /// What one kept token's entropy is worth: c divided by the number of kept tokens of the batch.
    public var bonus: Double

    /// No selection and no bonus.
    public static let none = EntropyTerms(threshold: nil, bonus: 0)

    public init(threshold: Double?, bonus: Double) {
        self.threshold = threshold
        self.bonus = bonus
    }

    /// No selection.
    ///
    /// - Parameters:
    ///   - coefficient: c.
    ///   - tokens: how many trained tokens the whole batch has.
    public init(coefficient: Double, tokens: Int) {
        self.init(threshold: nil, bonus: coefficient / Double(max(tokens, 1)))
    }

    /// The selection of the tokens with the highest entropies.
    ///
    /// - Parameters:
    ///   - coefficient: c.
    ///   - topQuantile: q, the share that is kept. Range (0, 1).
    ///   - entropies: of all trained tokens of the whole batch, nats.
    public init(coefficient: Double, topQuantile: Double, entropies: [Float]) {
        let threshold = Self.quantile(1 - topQuantile, of: entropies)
        let kept = entropies.count { Double($0) >= threshold }
        self.init(threshold: threshold, bonus: coefficient / Double(max(kept, 1)))
    }

    /// Whether token `t` keeps its policy loss.
    func keeps(_ t: Int, of completion: ScoredCompletion) -> Bool {
        guard let threshold else { return true }
        return Double(completion.entropies[t]) >= threshold
    }

    /// The `quantile` (0...1) of `values`, interpolated between neighbours as torch and NumPy do.
    static func quantile(_ quantile: Double, of values: [Float]) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return 0 }
        let position = quantile * Double(last)
        let below = Int(position.rounded(.down))
        let above = min(below + 1, last)
        let (low, high) = (Double(sorted[below]), Double(sorted[above]))
        return low + (position - Double(below)) * (high - low)
    }
}
