import Foundation
import HoneCore

/// VESPO: the whole sequence's importance weight, shaped by a gamma curve and taken as a constant,
/// weighs the plain policy gradient.
///
/// loss_t = −φ(w) · A · log π(o_t) with φ(w) = e^λ · w^k · e^(−λw), which is 1 at w = 1, falls off on
/// both sides and is highest at w = k/λ; k and λ by the sign of A. w is the product of the tokens'
/// ratios, without length normalisation, and of the sampling correction's token weights where there is
/// one. Source: Variational Sequence-Level Soft Policy Optimization (arXiv 2602.10693). Logarithms are
/// bounded as TRL bounds them: to ±20 for a token, to log(1e-8)...20 for a sequence.
public struct VESPOObjective: PolicyObjective {
    /// For advantages of at least 0.
    public var positive: Curve
    /// For negative advantages.
    public var negative: Curve
    /// Token weights that become part of w; `nil` for none.
    public var correction: SamplingCorrection?

    /// The shape of φ.
    public struct Curve: Sendable, Hashable {
        /// Power of w: how hard small weights are pressed down. At least 0.
        public var k: Double
        /// Decay: how hard large weights are pressed down. Above 0.
        public var lambda: Double

        public init(k: Double, lambda: Double) {
            self.k = k
            self.lambda = lambda
        }

        /// φ of e^`logWeight`.
        func callAsFunction(logWeight: Double) -> Double {
            exp(lambda + k * logWeight - lambda * exp(logWeight))
        }
    }

    public init(
        positive: Curve = Curve(k: 2, lambda: 3), negative: Curve = Curve(k: 3, lambda: 2),
        correction: SamplingCorrection? = nil
    ) {
        self.positive = positive
        self.negative = negative
        self.correction = correction
    }

    private static let lowest = log(1e-8)
    private static let highest = 20.0

    public func tokenLosses(
        of completion: ScoredCompletion, ratios: ImportanceRatios
    ) -> [TokenLoss] {
        var logWeight = completion.sumOverTrained { t in
            let ratio =
                Double(completion.logProbabilities[t]) - Double(completion.oldLogProbabilities[t])
            return min(max(ratio, -Self.highest), Self.highest)
        }
        if let correction {
            let weights = correction.weights(of: completion)
            logWeight += completion.sumOverTrained { t in
                min(max(log(weights[t]), Self.lowest), Self.highest)
            }
        }
        let curve = completion.advantage >= 0 ? positive : negative
        let gate = curve(logWeight: min(max(logWeight, Self.lowest), Self.highest))
        let slope = -gate * completion.advantage
        return completion.logProbabilities.map {
            TokenLoss(value: slope * Double($0), slope: slope, gate: gate)
        }
    }

    /// `vespo/phi_seq_mean`: the mean of φ over completions.
    public func metrics(of tallies: [ObjectiveTally]) -> OrderedMetrics {
        let means = tallies.map { $0.gates / Double(max($0.ratios, 1)) }
        return [("vespo/phi_seq_mean", means.reduce(0, +) / Double(max(means.count, 1)))]
    }
}
