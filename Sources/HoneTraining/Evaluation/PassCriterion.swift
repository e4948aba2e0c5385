import HoneCore

/// What makes a completion a solution, for pass@k.
public struct PassCriterion: Sendable, Hashable {
    /// The reward function whose score decides; `nil` for the total.
    public var component: String?
    /// A score of at least this is a solution.
    public var threshold: Double

    public init(component: String? = nil, threshold: Double = 1) {
        self.component = component
        self.threshold = threshold
    }

    /// Whether the completion is a solution; `nil` where its score is unknown: it failed, or abstained.
    public func isMet(by verdict: Verdict) -> Bool? {
        let score =
            if let component {
                verdict.components.first { $0.name == component }?.score
            } else {
                verdict.reward?.total
            }
        // Weights such as 0.1 and 0.9 need not sum to 1 in binary.
        return score.map { $0 >= threshold - 1e-9 }
    }

    /// The unbiased estimate of the chance that at least one of k samples is a solution.
    ///
    /// pass@k = 1 − C(n − c, k) / C(n, k) = 1 − ∏_{i=n−c+1}^{n} (1 − k / i), with n samples of which c
    /// are solutions. Source: Chen et al. 2021 (arXiv 2107.03374), equation 1.
    /// - Returns: a probability in [0, 1]; `nil` for n < k.
    public static func passAtK(samples n: Int, solutions c: Int, k: Int) -> Double? {
        guard k >= 1, n >= k else { return nil }
        guard n - c >= k else { return 1 }
        return 1 - (n - c + 1..<n + 1).reduce(1) { $0 * (1 - Double(k) / Double($1)) }
    }
}
