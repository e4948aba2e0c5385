import HoneCore

/// Sums over the micro-batches of an update, for its metrics.
struct UpdateTally {
    private var trained = 0
    private var entropy = 0.0
    private var divergence = 0.0
    private var low = 0
    private var high = 0
    private var lowShares: [Double] = []
    private var highShares: [Double] = []
    private var difference = 0.0
    private var largestDifference = 0.0
    private var compared = 0

    /// Adds what one pass over a batch found.
    mutating func add(_ pass: BatchPass, of portion: Portion, batch index: Int) {
        for (member, clip) in zip(portion.batches[index].members, pass.evaluation.clips) {
            let sample = portion.samples[member.sample]
            for (value, isTrained) in zip(pass.entropy[member.range], sample.isTrained)
            where isTrained { entropy += Double(value) }
            trained += clip.trained
            low += clip.low
            high += clip.high
            let count = Double(max(clip.trained, 1))
            lowShares.append(Double(clip.low) / count)
            highShares.append(Double(clip.high) / count)
        }
        divergence += pass.evaluation.divergence
    }

    /// Adds the gap between the sampler's log-probabilities and the update's of the same tokens under
    /// the same weights.
    mutating func compare(_ portion: Portion) {
        for (batch, frozen) in zip(portion.batches, portion.frozen) {
            guard let frozen else { continue }
            for member in batch.members {
                let drawn = portion.samples[member.sample].behaviourLogProbabilities
                for (own, drawn) in zip(frozen.old[member.range], drawn) {
                    let gap = Double(abs(own - drawn))
                    difference += gap
                    largestDifference = max(largestDifference, gap)
                    compared += 1
                }
            }
        }
    }

    /// By TRL's names. Entropy and differences are in nats.
    func metrics(hasReference: Bool) -> OrderedMetrics {
        let count = Double(max(trained, 1))
        var metrics: OrderedMetrics = [
            ("entropy", entropy / count),
            ("clip_ratio/low_mean", Double(low) / count),
            ("clip_ratio/low_min", lowShares.min() ?? 0),
            ("clip_ratio/high_mean", Double(high) / count),
            ("clip_ratio/high_max", highShares.max() ?? 0),
            ("clip_ratio/region_mean", Double(low + high) / count),
            ("sampling/sampling_logp_difference/mean", difference / Double(max(compared, 1))),
            ("sampling/sampling_logp_difference/max", largestDifference),
        ]
        if hasReference { metrics.append(("kl", divergence / count)) }
        return metrics
    }
}
