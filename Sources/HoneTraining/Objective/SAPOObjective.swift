import Foundation
import HoneCore

/// SAPO: a smooth gate in place of the clip.
///
/// loss_t = −f(ρ_t) · A with f(ρ) = 4/τ · σ(τ(ρ − 1)), τ by the sign of A; its slope by log ρ is
/// −4 · σ(τ(ρ − 1)) · (1 − σ(τ(ρ − 1))) · ρ · A: the plain gradient at ρ = 1, fading on both sides, the
/// faster the higher τ. Source: Soft Adaptive Policy Optimization (arXiv 2511.20347).
public struct SAPOObjective: PolicyObjective {
    /// τ for advantages above 0. Above 0.
    public var positiveTemperature: Double
    /// τ for the others; a little higher keeps bad tokens from unsettling the policy.
    public var negativeTemperature: Double

    public init(positiveTemperature: Double = 1, negativeTemperature: Double = 1.05) {
        self.positiveTemperature = positiveTemperature
        self.negativeTemperature = negativeTemperature
    }

    public func tokenLosses(
        of completion: ScoredCompletion, ratios: ImportanceRatios
    ) -> [TokenLoss] {
        let advantage = completion.advantage
        let temperature = advantage > 0 ? positiveTemperature : negativeTemperature
        return ratios.values.map { ratio in
            let gate = 1 / (1 + exp(-temperature * (ratio - 1)))
            return TokenLoss(
                value: -4 / temperature * gate * advantage,
                ratioSlope: -4 * gate * (1 - gate) * ratio * advantage)
        }
    }

    /// None: nothing is clipped.
    public func metrics(of tallies: [ObjectiveTally]) -> OrderedMetrics { [] }
}
