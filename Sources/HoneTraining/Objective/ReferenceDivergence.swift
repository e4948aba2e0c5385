import Foundation

/// The k3 estimate of KL(π ‖ π_ref) at single tokens.
///
/// With d = log π_ref − log π: k3 = exp(d) − d − 1 ≥ 0, slope with respect to log π: 1 − exp(d).
/// Source: Schulman, "Approximating KL divergence" (2020); DeepSeekMath (arXiv 2402.03300, eq. 4).
public enum ReferenceDivergence: Sendable {
    /// k3 as it is. Its value is an unbiased estimate, its gradient is that of the forward KL.
    case plain
    /// ρ · k3 with ρ = π / π_old, whose gradient is that of the reverse KL (DeepSeek-V3.2,
    /// arXiv 2512.02556). TRL's default since 1.16.
    case biasCorrected

    /// The estimate in nats and its derivative with respect to `logProbability`.
    public func k3(logProbability: Double, old: Double, reference: Double) -> (
        value: Double, slope: Double
    ) {
        let difference = reference - logProbability
        // expm1 keeps the digits when policy and reference nearly agree, which is most of the time.
        let growth = expm1(difference)
        let value = growth - difference
        switch self {
        case .plain: return (value, -growth)
        case .biasCorrected:
            let ratio = exp(logProbability - old)
            return (ratio * value, ratio * (value - growth))
        }
    }
}
