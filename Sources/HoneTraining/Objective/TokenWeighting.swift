import Foundation
import HoneCore

/// Constant weights on the policy losses of single tokens. They do not touch the KL term.
public protocol TokenWeighting: Sendable {
    /// [T] weights of at least 0.
    func weights(of completion: ScoredCompletion) -> [Double]
}

/// Drops completions that were worse than their group and that the policy has since moved away from.
///
/// Weight 0 where A < 0 and mean over trained t of (log π_sampler(o_t) − log π(o_t)) > threshold, else 1.
/// Source: off-policy sequence masking of DeepSeek-V3.2 (arXiv 2512.02556, eq. 9).
public struct OffPolicyMask: TokenWeighting {
    /// Nats a token. Above 0; 0.5 is a usual value.
    public var threshold: Double

    public init(threshold: Double) {
        self.threshold = threshold
    }

    public func weights(of completion: ScoredCompletion) -> [Double] {
        let distance = completion.sumOverTrained { t in
            Double(completion.samplerLogProbabilities[t]) - Double(completion.logProbabilities[t])
        }
        let mean = distance / Double(max(completion.trainedCount, 1))
        let isKept = completion.advantage >= 0 || mean <= threshold
        return Array(repeating: isKept ? 1 : 0, count: completion.isTrained.count)
    }
}

/// Makes up for a sampler whose probabilities are not the trainer's, because it computes in lower
/// precision, truncates the distribution or is some steps behind.
///
/// With q_t = π_old(o_t) / π_sampler(o_t), and Q = Π q_t over the trained tokens of a sequence, the
/// weight is q_t or Q, truncated to [minimum, maximum], or set to 0 outside. π_old is computed by the
/// trainer, so that the clip and this correction do not mix. Sources: truncated importance sampling,
/// Yao et al., "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training" (2025); masked,
/// IcePop (Ling team, 2025); sequence level, Liu et al., "When Speed Kills Stability" (2025).
public struct SamplingCorrection: TokenWeighting {
    public var scope: Scope
    public var outside: Outside
    /// Lowest weight; 0 for no bound.
    public var minimum: Double
    /// Highest weight; infinite for no bound.
    public var maximum: Double

    /// What a ratio belongs to.
    public enum Scope: Sendable, Hashable {
        case token, sequence
    }

    /// What becomes of a ratio outside the bounds.
    public enum Outside: Sendable, Hashable {
        /// It becomes the nearer bound.
        case truncated
        /// Its token or sequence leaves the policy loss.
        case masked
    }

    public init(scope: Scope, outside: Outside, minimum: Double = 0, maximum: Double = 3) {
        self.scope = scope
        self.outside = outside
        self.minimum = minimum
        self.maximum = maximum
    }

    public func weights(of completion: ScoredCompletion) -> [Double] {
        let logRatios = completion.isTrained.indices.map { t in
            completion.isTrained[t]
                ? Double(completion.oldLogProbabilities[t])
                    - Double(completion.samplerLogProbabilities[t]) : 0
        }
        switch scope {
        case .token: return logRatios.map { bounded(exp($0)) }
        case .sequence:
            let weight = bounded(exp(logRatios.reduce(0, +)))
            return Array(repeating: weight, count: logRatios.count)
        }
    }

    private func bounded(_ ratio: Double) -> Double {
        switch outside {
        case .truncated: min(max(ratio, minimum), maximum)
        case .masked: ratio < minimum || ratio > maximum ? 0 : ratio
        }
    }
}
