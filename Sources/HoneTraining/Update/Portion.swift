import HoneCore
import Torch

/// The completions of one optimiser step, packed.
struct Portion {
    /// All completions of the step, also those without a gradient.
    var samples: [TrainingSample]
    /// [S] the weight of one token of each completion.
    let weights: [Double]
    /// What has a gradient, packed; members index ``samples``.
    let batches: [PackedBatch]
    /// What stays the same over the iterations, one per batch once it is known.
    var frozen: [FrozenLogProbabilities?]

    /// - Parameters:
    ///   - samples: the completions, group by group.
    ///   - packer: lays out what shares a pass.
    ///   - parts: runs of completions, as equal as they come, that share no pass.
    ///   - normalization: what one token weighs. It looks at all completions, so the gradient does not
    ///     depend on `packer` and `parts`.
    ///   - keepsUnrewarded: a completion without advantage may have a KL term or an entropy bonus to
    ///     learn from, or entropies that count; else it gets no pass, though it counts in the weights.
    init(
        samples: [TrainingSample], packer: BatchPacker, parts: Int = 1,
        normalization: LossNormalization, keepsUnrewarded: Bool
    ) {
        self.samples = samples
        weights = normalization.weights(trainedTokens: samples.map(\.trainedCount))
        batches = (0..<parts).flatMap { part in
            let range = part * samples.count / parts..<(part + 1) * samples.count / parts
            let live = range.filter {
                samples[$0].trainedCount > 0 && (keepsUnrewarded || samples[$0].advantage != 0)
            }
            return packer.pack(live.map { samples[$0] }).map { batch in
                var batch = batch
                for index in batch.members.indices {
                    batch.members[index].sample = live[batch.members[index].sample]
                }
                return batch
            }
        }
        frozen = Array(repeating: nil, count: batches.count)
    }

    /// Dataset rows of the completions, without repetition.
    var rows: [Int] { Set(samples.compactMap(\.row)).sorted() }

    /// Trained tokens of the completions that have a pass.
    var batchedTokens: Int {
        batches.reduce(0) { $0 + $1.members.reduce(0) { $0 + samples[$1.sample].trainedCount } }
    }

    /// Of [batch][M] values those at trained positions.
    func trained(_ values: [[Float]]) -> [Float] {
        zip(batches, values).flatMap { batch, values in
            batch.members.flatMap { member in
                zip(values[member.range], samples[member.sample].isTrained).filter(\.1).map(\.0)
            }
        }
    }

    /// Computes the old and reference log-probabilities with the weights as they are now.
    mutating func freeze(
        _ forward: PackedForward, _ reference: ReferencePolicy, _ lanes: PassLanes
    ) throws {
        let references = try reference.logProbabilities(of: batches, forward, lanes)
        let batches = batches
        let old = try lanes.map(batches.count) { index in
            try withoutGradients { try forward(batches[index]).logProbabilities.floats() }
        }
        frozen = zip(old, references).map { FrozenLogProbabilities(old: $0, reference: $1) }
    }

    /// The members of a batch with its log-probabilities [M] and entropies [M] (or none), for the
    /// objective.
    func scored(_ values: [Float], _ entropies: [Float], batch index: Int) -> [ScoredCompletion] {
        guard let frozen = frozen[index] else {
            preconditionFailure("a batch is scored after its old log-probabilities are known")
        }
        return batches[index].members.map { member in
            let sample = samples[member.sample]
            return ScoredCompletion(
                logProbabilities: Array(values[member.range]),
                oldLogProbabilities: Array(frozen.old[member.range]),
                referenceLogProbabilities: frozen.reference.map { Array($0[member.range]) },
                samplerLogProbabilities: sample.behaviourLogProbabilities,
                entropies: entropies.isEmpty ? [] : Array(entropies[member.range]),
                isTrained: sample.isTrained,
                advantage: Double(sample.advantage))
        }
    }
}

/// Log-probabilities [M] under policies that do not move during an update.
struct FrozenLogProbabilities {
    var old: [Float]
    /// `nil` without a KL term.
    var reference: [Float]?
}

/// What one pass over a packed batch found. Arrays are [M].
struct BatchPass {
    var logProbabilities: [Float]
    var entropy: [Float]
    var evaluation: GRPOObjective.Evaluation
}

extension TrainingSample {
    var trainedCount: Int { isTrained.count { $0 } }
}
