import Foundation
import HoneCore

/// Estimates of KL(π ‖ π_ref) at single tokens, in nats.
///
/// With d = log π(o_t) − log π_ref(o_t):
/// | estimator | value | slope by log π | |
/// |---|---|---|---|
/// | `k1` | d | 1 | unbiased, may be negative; alone in a loss its gradient is 0 on average |
/// | `k2` | d² / 2 | d | biased; its gradient is that of the reverse KL |
/// | `k3` | e^(−d) − 1 + d | 1 − e^(−d) | unbiased, ≥ 0; its gradient is that of the forward KL |
/// | `abs` | \|d\| | sign(d) | a distance rather than an estimate |
///
/// Sources: Schulman, "Approximating KL Divergence" (2020); k3 in GRPO: DeepSeekMath (arXiv 2402.03300,
/// eq. 4); which gradient belongs to which: "A Comedy of Estimators" (arXiv 2512.21852).
public struct ReferenceDivergence: Sendable, Hashable {
    public var estimator: GRPOConfig.KLEstimator
    public var correction: Correction

    /// Whether the estimate is weighed with the importance ratio.
    public enum Correction: Sendable, Hashable {
        case none
        /// ρ · k, ρ differentiable: the gradient of the reverse KL also off-policy (DeepSeek-V3.2,
        /// arXiv 2512.02556). TRL's default since 1.16.
        case importanceRatio
    }

    public init(estimator: GRPOConfig.KLEstimator = .k3, correction: Correction = .none) {
        self.estimator = estimator
        self.correction = correction
    }

    /// The estimate and its slope by `logProbability`, without correction.
    ///
    /// - Parameters:
    ///   - logProbability: log π(o_t), nats.
    ///   - reference: log π_ref(o_t), nats.
    public func estimate(logProbability: Double, reference: Double) -> (
        value: Double, slope: Double
    ) {
        let distance = logProbability - reference
        switch estimator {
        case .k1: return (distance, 1)
        case .k2: return (distance * distance / 2, distance)
        case .k3:
            // expm1 keeps the digits when policy and reference nearly agree, which is most of the time.
            let growth = expm1(-distance)
            return (growth + distance, -growth)
        case .abs: return (Swift.abs(distance), distance == 0 ? 0 : (distance < 0 ? -1 : 1))
        }
    }
}
