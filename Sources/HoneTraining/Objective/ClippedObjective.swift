import HoneCore

/// PPO's clipped surrogate.
///
/// loss_t = −min(min(ρ_t, δ) · A, clamp(ρ_t, 1 − ε, 1 + ε_high) · A), without δ: ρ_t · A.
///
/// Its slope by log ρ_t is −ρ_t · A where the first term is the smaller one and ρ_t < δ, and 0 where
/// a bound decided. Sources: PPO (arXiv 1707.06347, eq. 7); the separate upper bound is DAPO's
/// "clip-higher" (arXiv 2503.14476, §3.1); δ bounds what a negative advantage can do once the policy
/// has moved towards it (INTELLECT-2, arXiv 2505.07291). With δ > 1 + ε_high it changes nothing
/// for positive advantages, and the loss is that of dual clip (Ye et al., arXiv 1912.09729)
/// with c = δ: −max(min(ρA, clamp(ρ)A), cA) for A < 0.
public struct ClippedObjective: PolicyObjective {
    /// Width of the interval below 1. Range (0, 1).
    public var epsilon: Double
    /// Width of the interval above 1. Range (0, ∞).
    public var epsilonHigh: Double
    /// δ, above 1 + ``epsilonHigh``; `nil` for no bound.
    public var delta: Double?

    public init(epsilon: Double, epsilonHigh: Double, delta: Double? = nil) {
        self.epsilon = epsilon
        self.epsilonHigh = epsilonHigh
        self.delta = delta
    }

    public func tokenLosses(
        of completion: ScoredCompletion, ratios: ImportanceRatios
    ) -> [TokenLoss] {
        ratios.values.map { loss(ratio: $0, advantage: completion.advantage) }
    }

    private func loss(ratio: Double, advantage: Double) -> TokenLoss {
        let ceiling = delta ?? .infinity
        let plain = min(ratio, ceiling) * advantage
        let clamped = min(max(ratio, 1 - epsilon), 1 + epsilonHigh)
        var loss = TokenLoss(value: -min(plain, clamped * advantage))
        let follows = plain <= clamped * advantage ? ratio < ceiling : ratio == clamped
        if follows { loss.ratioSlope = -ratio * advantage }
        if ratio < 1 - epsilon, advantage < 0 { loss.bound = .low }
        if ratio > 1 + epsilonHigh, advantage > 0 { loss.bound = .high }
        return loss
    }

    /// `clip_ratio/…`: how many ratios a bound of the interval decided.
    public func metrics(of tallies: [ObjectiveTally]) -> OrderedMetrics {
        func extreme(_ part: (ObjectiveTally) -> Int) -> [Double] {
            tallies.map { Double(part($0)) / Double(max($0.ratios, 1)) }
        }
        return [
            ("clip_ratio/low_mean", tallies.share { Double($0.low) }),
            ("clip_ratio/low_min", extreme(\.low).min() ?? 0),
            ("clip_ratio/high_mean", tallies.share { Double($0.high) }),
            ("clip_ratio/high_max", extreme(\.high).max() ?? 0),
            ("clip_ratio/region_mean", tallies.share { Double($0.low + $0.high) }),
        ]
    }
}
