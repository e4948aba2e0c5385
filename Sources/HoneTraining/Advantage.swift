import HoneCore

/// How much better each completion did than its group.
///
/// A_i = (r_i − mean(r)) / (s + 1e-4), with s by ``scaling``: the group's standard deviation, the
/// whole batch's, or nothing (then A_i = r_i − mean(r)). Standard deviations are unbiased (n − 1), as
/// TRL's are. A `nil` reward (failed or abstained) takes no part: it has no advantage and does not move
/// its group's mean.
///
/// Source: DeepSeekMath (arXiv 2402.03300, §4.1.2); `batch` is REINFORCE++'s (arXiv 2508.08221), `none`
/// is Dr. GRPO's (arXiv 2503.20783).
public struct AdvantageEstimator: Sendable {
    public var scaling: GRPOConfig.RewardScale

    /// Keeps a group of nearly equal rewards from being blown up; TRL's value.
    static let minimumDeviation = 1e-4

    public init(scaling: GRPOConfig.RewardScale) {
        self.scaling = scaling
    }

    /// [P][G] advantages of [P][G] rewards.
    public func advantages(of rewards: [[Double?]]) -> [[Float?]] {
        let batchDeviation =
            scaling == .batch ? Spread(of: rewards.joined().compactMap { $0 }).deviation : 0
        return rewards.map { group in
            let spread = Spread(of: group.compactMap { $0 })
            let divisor =
                switch scaling {
                case .group: spread.deviation + Self.minimumDeviation
                case .batch: batchDeviation + Self.minimumDeviation
                case .none: 1.0
                }
            return group.map { reward in
                reward.map { Float(($0 - spread.mean) / divisor) }
            }
        }
    }
}

/// Mean and standard deviation of some numbers.
public struct Spread: Sendable, Hashable {
    /// 0 for no numbers.
    public let mean: Double
    /// √(Σ(x − mean)² / (n − 1)); 0 for fewer than two numbers.
    public let deviation: Double

    public init(of values: [Double]) {
        guard let first = values.first else {
            (mean, deviation) = (0, 0)
            return
        }
        // Sums run over distances from the first value, so that equal rewards give exactly zero.
        let count = Double(values.count)
        let mean = first + values.reduce(0) { $0 + ($1 - first) } / count
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        self.deviation = values.count < 2 ? 0 : (squares / (count - 1)).squareRoot()
    }
}
