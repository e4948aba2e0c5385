import Foundation
import HoneCore

/// The coefficient of the entropy bonus, from one optimiser step to the next.
///
/// Adaptive control (Skywork-OR1, arXiv 2505.22312, §3.2.4): after each step the coefficient rises by
/// `change` where the step's mean entropy was at or below `target`, and falls by it elsewhere; it is at
/// work only after a step at or below the target, so never in the first.
struct EntropyControl: Sendable, Hashable, Codable {
    /// The coefficient that the next step would apply.
    private(set) var coefficient: Double
    /// Mean entropy of the last step, nats a token; `nil` before the first.
    private(set) var lastEntropy: Double?
    private let adaptation: Adaptation?

    /// How the coefficient follows the entropy.
    struct Adaptation: Sendable, Hashable, Codable {
        var minimum: Double
        var maximum: Double
        /// Of the coefficient in one step.
        var change: Double
        /// Nats a token.
        var target: Double
    }

    init(coefficient: Double, adaptation: Adaptation? = nil) {
        self.coefficient = coefficient
        self.adaptation = adaptation
    }

    init(_ config: GRPOConfig) {
        self.init(
            coefficient: config.entropyCoef,
            adaptation: config.useAdaptiveEntropy
                ? Adaptation(
                    minimum: config.entropyCoefMin, maximum: config.entropyCoefMax,
                    change: config.entropyCoefDelta, target: config.entropyTarget) : nil)
    }

    /// Whether there is or may come a bonus.
    var isActive: Bool { coefficient != 0 || adaptation != nil }

    /// What the next step applies.
    var applied: Double {
        guard let adaptation else { return coefficient }
        guard let lastEntropy, lastEntropy <= adaptation.target else { return 0 }
        return coefficient
    }

    /// Takes note of a step.
    ///
    /// - Parameter meanEntropy: nats, over the tokens that the bonus is made of.
    mutating func observe(meanEntropy: Double) {
        lastEntropy = meanEntropy
        guard let adaptation else { return }
        if meanEntropy <= adaptation.target {
            coefficient = min(coefficient + adaptation.change, adaptation.maximum)
        } else {
            coefficient = max(coefficient - adaptation.change, adaptation.minimum)
        }
    }

    /// Takes the course of a checkpoint up; the adaptation stays the recipe's.
    mutating func resume(_ saved: EntropyControl) {
        coefficient = saved.coefficient
        lastEntropy = saved.lastEntropy
    }

    /// `entropy_coef`, where there is a bonus.
    var metrics: OrderedMetrics { isActive ? [("entropy_coef", coefficient)] : [] }
}
