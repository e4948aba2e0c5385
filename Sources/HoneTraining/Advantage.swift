import HoneCore

/// How much better each completion did than its group.
///
/// A_i = (r_i − b_i) / s, bounded to ±``clip``:
/// - b by ``baseline``: the group's mean, or the mean of the others, which is G/(G − 1) times as far
///   from r_i (RLOO, arXiv 2402.14740);
/// - s by ``scaling``: the group's standard deviation + 1e-4 (DeepSeekMath, arXiv 2402.03300, §4.1.2),
///   the whole batch's (REINFORCE++, arXiv 2508.08221), or 1 (Dr. GRPO, arXiv 2503.20783).
///
/// Standard deviations are unbiased (n − 1), as TRL's are. A `nil` reward (failed or abstained) takes no
/// part: it has no advantage and does not move its group's mean.
public struct AdvantageEstimator: Sendable {
    public var scaling: GRPOConfig.RewardScale
    public var baseline: GRPOConfig.AdvantageBaseline
    public var aggregation: Aggregation
    /// Largest size of an advantage; `nil` for no bound. A habit of PPO implementations rather than of a paper.
    public var clip: Double?

    /// How several reward functions become one advantage.
    public enum Aggregation: Sendable, Hashable {
        /// The verdict's total is the reward.
        case sumThenNormalize
        /// R_i = Σ_k weight_k · (r_ik − mean_k) / (s_k + 1e-4), mean and deviation over the group and the
        /// functions that gave a score; A_i = (R_i − mean(R)) / (s(R) + 1e-4) over the batch. So a function
        /// with small differences counts as much as one with large ones (GDPO, arXiv 2601.05242). The
        /// weights are those of `Reward.components`, in their order.
        case normalizeThenSum(weights: [Double])
    }

    /// Keeps a group of nearly equal rewards from being blown up; TRL's value.
    static let minimumDeviation = 1e-4

    /// - Parameters:
    ///   - scaling: what advantages are divided by.
    ///   - baseline: what is taken from a reward.
    ///   - aggregation: how several reward functions become one advantage.
    ///   - clip: largest size of an advantage, above 0; `nil` for no bound.
    public init(
        scaling: GRPOConfig.RewardScale, baseline: GRPOConfig.AdvantageBaseline = .groupMean,
        aggregation: Aggregation = .sumThenNormalize, clip: Double? = nil
    ) {
        self.scaling = scaling
        self.baseline = baseline
        self.aggregation = aggregation
        self.clip = clip
    }

    /// The same with these weights of the reward functions, where weights are its own to apply.
    func weighted(by weights: [Double]) -> AdvantageEstimator {
        var estimator = self
        if case .normalizeThenSum = aggregation {
            estimator.aggregation = .normalizeThenSum(weights: weights)
        }
        return estimator
    }

    /// [P][G] advantages of completions that reward functions judged.
    public func advantages(of verdicts: [[Verdict]]) -> [[Float?]] {
        switch aggregation {
        case .sumThenNormalize:
            advantages(of: verdicts.map { $0.map { $0.reward?.total } })
        case .normalizeThenSum(let weights):
            normalizedOverBatch(verdicts.map { Self.sums(of: $0, weights: weights) })
        }
    }

    /// [P][G] advantages of [P][G] rewards.
    public func advantages(of rewards: [[Double?]]) -> [[Float?]] {
        let batchDeviation =
            scaling == .batch ? Spread(of: rewards.joined().compactMap { $0 }).deviation : 0
        return rewards.map { group in
            let members = group.compactMap { $0 }
            let spread = Spread(of: members)
            let divisor =
                switch scaling {
                case .group: spread.deviation + Self.minimumDeviation
                case .batch: batchDeviation + Self.minimumDeviation
                case .none: 1.0
                }
            let others = Double(max(members.count - 1, 1))
            let stretch =
                switch baseline {
                case .groupMean: 1.0
                case .leaveOneOut: Double(members.count) / others
                }
            return group.map { reward in
                reward.map { bounded(($0 - spread.mean) * stretch / divisor) }
            }
        }
    }

    /// [G] Σ over the functions of the weighted score, normalised within the group.
    private static func sums(of verdicts: [Verdict], weights: [Double]) -> [Double?] {
        let scores = verdicts.map { $0.reward?.components.map(\.score) }
        let spreads = weights.indices.map { k in
            Spread(of: scores.compactMap { $0?[k] })
        }
        return scores.map { scores in
            scores.map { scores in
                zip(zip(scores, spreads), weights).reduce(0) { sum, entry in
                    let ((score, spread), weight) = entry
                    guard let score else { return sum }
                    let distance = score - spread.mean
                    return sum + weight * distance / (spread.deviation + minimumDeviation)
                }
            }
        }
    }

    private func normalizedOverBatch(_ sums: [[Double?]]) -> [[Float?]] {
        let spread = Spread(of: sums.joined().compactMap { $0 })
        return sums.map { group in
            group.map { sum in
                sum.map {
                    bounded(($0 - spread.mean) / (spread.deviation + Self.minimumDeviation))
                }
            }
        }
    }

    private func bounded(_ advantage: Double) -> Float {
        guard let clip else { return Float(advantage) }
        return Float(min(max(advantage, -clip), clip))
    }
}

extension AdvantageEstimator {
    /// The estimator that `config` describes.
    ///
    /// - Parameters:
    ///   - config: the recipe's options.
    ///   - rewardWeights: of the reward functions, in the recipe's order.
    public init(_ config: GRPOConfig, rewardWeights: [Double]) {
        self.init(
            scaling: config.scaleRewards, baseline: config.advantageBaseline,
            aggregation: config.multiObjectiveAggregation == .normalizeThenSum
                ? .normalizeThenSum(weights: rewardWeights) : .sumThenNormalize,
            clip: config.advantageClip)
    }
}
