import Foundation

/// PPO's clipped surrogate on token ratios.
///
/// ρ_t = exp(log π − log π_old), loss_t = −min(ρ_t · A, clamp(ρ_t, 1 − ε, 1 + ε_high) · A).
///
/// Its slope is −ρ_t · A where the unclipped term is the smaller one or the ratio lies inside the
/// interval, and 0 where the clip decided. Source: PPO (arXiv 1707.06347, eq. 7); the separate upper
/// bound is DAPO's "clip-higher" (arXiv 2503.14476, §3.1).
public struct ClippedObjective: PolicyObjective {
    /// Width of the interval below 1. Range (0, 1).
    public var epsilon: Double
    /// Width of the interval above 1. Range (0, ∞).
    public var epsilonHigh: Double

    public init(epsilon: Double, epsilonHigh: Double) {
        self.epsilon = epsilon
        self.epsilonHigh = epsilonHigh
    }

    public func tokenLosses(of completion: ScoredCompletion) -> TokenLosses {
        let count = completion.logProbabilities.count
        let advantage = completion.advantage
        var result = TokenLosses(
            losses: Array(repeating: 0, count: count), slopes: Array(repeating: 0, count: count),
            isClippedLow: Array(repeating: false, count: count),
            isClippedHigh: Array(repeating: false, count: count))
        for t in 0..<count {
            let ratio = exp(
                Double(completion.logProbabilities[t]) - Double(completion.oldLogProbabilities[t]))
            let clamped = min(max(ratio, 1 - epsilon), 1 + epsilonHigh)
            let plainIsSmaller = ratio * advantage <= clamped * advantage
            result.losses[t] = -min(ratio * advantage, clamped * advantage)
            result.slopes[t] = plainIsSmaller || ratio == clamped ? -ratio * advantage : 0
            result.isClippedLow[t] = ratio < 1 - epsilon && advantage < 0
            result.isClippedHigh[t] = ratio > 1 + epsilonHigh && advantage > 0
        }
        return result
    }
}
