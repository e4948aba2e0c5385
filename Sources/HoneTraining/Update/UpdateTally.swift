import HoneCore

/// Sums over the micro-batches of an update, for its metrics.
struct UpdateTally {
    private var trained = 0
    private var entropy = 0.0
    private var divergence = 0.0
    private var policyLoss = 0.0
    private var tallies: [ObjectiveTally] = []
    private var difference = 0.0
    private var largestDifference = 0.0
    private var compared = 0
    private var corrections: [Double] = []

    /// Adds what one pass over a batch found.
    mutating func add(_ pass: BatchPass, of portion: Portion, batch index: Int) {
        for member in portion.batches[index].members {
            let sample = portion.samples[member.sample]
            for (value, isTrained) in zip(pass.entropy[member.range], sample.isTrained)
            where isTrained { entropy += Double(value) }
        }
        trained += pass.evaluation.trainedTokens
        tallies += pass.evaluation.tallies
        divergence += pass.evaluation.divergence
        policyLoss += pass.evaluation.policyLoss
    }

    /// Adds the gap between the sampler's log-probabilities and the update's of the same tokens under
    /// the same weights, and what `correction` makes of it.
    mutating func compare(_ portion: Portion, _ correction: SamplingCorrection?) {
        for (index, frozen) in portion.frozen.enumerated() {
            guard let frozen else { continue }
            for member in portion.batches[index].members {
                let drawn = portion.samples[member.sample].behaviourLogProbabilities
                for (own, drawn) in zip(frozen.old[member.range], drawn) {
                    let gap = Double(abs(own - drawn))
                    difference += gap
                    largestDifference = max(largestDifference, gap)
                    compared += 1
                }
            }
            guard let correction else { continue }
            for completion in portion.scored(frozen.old, [], batch: index) {
                let weights = zip(correction.weights(of: completion), completion.isTrained)
                    .filter(\.1).map(\.0)
                corrections += correction.scope == .token ? weights : Array(weights.prefix(1))
            }
        }
    }

    /// By TRL's names, over the completions that had a pass. Entropy and differences are in nats.
    ///
    /// None where nothing had one, as when no group has a signal: an entropy of 0 would look like collapse.
    func metrics(of objective: GRPOObjective) -> OrderedMetrics {
        guard trained > 0 else { return [] }
        let count = Double(trained)
        var metrics: OrderedMetrics = [("entropy", entropy / count)]
        metrics += objective.policy.metrics(of: tallies)
        metrics += [
            ("sampling/sampling_logp_difference/mean", difference / Double(max(compared, 1))),
            ("sampling/sampling_logp_difference/max", largestDifference),
        ]
        if let low = corrections.min(), let high = corrections.max() {
            let mean = corrections.reduce(0, +) / Double(corrections.count)
            metrics += [
                ("sampling/importance_sampling_ratio/min", low),
                ("sampling/importance_sampling_ratio/mean", mean),
                ("sampling/importance_sampling_ratio/max", high),
            ]
        }
        if objective.beta != 0 { metrics.append(("kl", divergence / count)) }
        return metrics
    }
}
