import HoneCore

/// The KL divergence to the reference as a part of the reward.
///
/// r'_i = r_i − β · Σ_t k(o_t) over the trained tokens of completion i, with k of the policy that drew
/// it; advantages are then made of r'. No gradient flows through k. Source: Ziegler et al., "Fine-Tuning
/// Language Models from Human Preferences" (arXiv 1909.08593, §2); with group advantages, verl's
/// `use_kl_in_reward`.
struct RewardPenalty: Sendable {
    var beta: Double
    var estimator: GRPOConfig.KLEstimator
    var advantages: AdvantageEstimator

    /// Gives every sample of `portions` the advantage of its lowered reward.
    ///
    /// - Parameter portions: all of an update, with their old and reference log-probabilities known.
    /// - Returns: `kl`, the mean estimate a token.
    func apply(to portions: inout [Portion]) -> OrderedMetrics {
        let divergence = ReferenceDivergence(estimator: estimator)
        var rewards: [[Double?]] = []
        var openGroup: Int?
        var (sum, tokens) = (0.0, 0)
        for portion in portions {
            let penalties = portion.divergences(divergence)
            for (sample, penalty) in zip(portion.samples, penalties) {
                if openGroup != sample.group { rewards.append([]) }
                openGroup = sample.group
                rewards[rewards.count - 1].append(sample.reward - beta * penalty)
                sum += penalty
                tokens += sample.trainedCount
            }
        }
        var flat = advantages.advantages(of: rewards).joined().makeIterator()
        for portion in portions.indices {
            for sample in portions[portion].samples.indices {
                portions[portion].samples[sample].advantage = (flat.next() ?? nil) ?? 0
            }
        }
        return [("kl", sum / Double(max(tokens, 1)))]
    }
}

extension Portion {
    /// [S] Σ of the divergence over the trained tokens of each sample; 0 for one without a pass.
    fileprivate func divergences(_ divergence: ReferenceDivergence) -> [Double] {
        var sums = Array(repeating: 0.0, count: samples.count)
        for (batch, frozen) in zip(batches, frozen) {
            guard let frozen, let reference = frozen.reference else { continue }
            for member in batch.members {
                for (t, isTrained) in samples[member.sample].isTrained.enumerated() where isTrained
                {
                    let row = member.range.lowerBound + t
                    sums[member.sample] +=
                        divergence.estimate(
                            logProbability: Double(frozen.old[row]),
                            reference: Double(reference[row])
                        ).value
                }
            }
        }
        return sums
    }
}
