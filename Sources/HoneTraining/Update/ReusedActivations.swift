import HoneCore
import HoneModels
import Torch

/// What the sampler computed for a batch that the update is about to compute again.
///
/// The first batch for which anything is known is also computed without it. Where the log-probabilities of
/// the two lie further apart than sampler and update may, nothing is taken from the sampler any more.
final class ReusedActivations {
    enum Trust { case unchecked, agrees, refused }

    private let record: ActivationRecord
    private(set) var trust = Trust.unchecked
    private var rows = (known: 0, all: 0)
    /// The mean distance in nats that rounding explains.
    private let tolerance: Float

    /// - Parameter dtype: what the record's model computes in.
    init(_ record: ActivationRecord, of dtype: DType) {
        self.record = record
        tolerance = dtype == .float32 ? 1e-4 : 0.02
    }

    /// What may be taken over for the rows of `batch`, whose members index `samples`; nil where that is
    /// nothing. `score` computes the batch's log-probabilities, with what is known or without.
    func known(
        _ batch: PackedBatch, of samples: [TrainingSample],
        score: (KnownActivations?) throws -> [Float]
    ) throws -> KnownActivations? {
        let places = find(batch, samples)
        rows.all += places.count
        guard trust != .refused, let known = try record.known(places) else { return nil }
        if trust == .unchecked {
            let (reused, plain) = (try score(known), try score(nil))
            let distance = zip(reused, plain).reduce(Float(0)) { $0 + abs($1.0 - $1.1) }
            trust = distance / Float(max(plain.count, 1)) <= tolerance ? .agrees : .refused
        }
        guard trust == .agrees else { return nil }
        rows.known += places.count { $0 >= 0 }
        return known
    }

    /// Forgets what was kept: the weights have changed.
    func removeAll() { record.removeAll() }

    /// The share of rows that were taken over since this was last asked, `sampling/reused_rows`.
    func takeMetrics() -> OrderedMetrics {
        defer { rows = (0, 0) }
        return [("sampling/reused_rows", Double(rows.known) / Double(max(rows.all, 1)))]
    }

    /// [N] the place of each row of `batch` in the record, negative where it is unknown.
    private func find(_ batch: PackedBatch, _ samples: [TrainingSample]) -> [Int32] {
        var places = [Int32](repeating: -1, count: batch.tokens.count)
        for member in batch.members {
            let sample = samples[member.sample]
            guard
                let kept = record.places(prompt: sample.promptTokens, completion: sample.tokens)
            else { continue }
            // The first prediction is that of the prompt's last row; the completion's rows follow.
            let predicting = batch.predictingRows[member.range]
            let promptEnd = predicting[member.range.lowerBound] + 1
            let prompt = promptEnd - sample.promptTokens.count..<promptEnd
            for (row, place) in zip(Array(prompt) + predicting.dropFirst(), kept) {
                places[row] = place
            }
        }
        return places
    }
}
