import HoneCore
import Torch

/// The completions of one optimiser step, packed.
struct Portion {
    /// All completions of the step, also those without a gradient.
    let samples: [TrainingSample]
    /// [S] the weight of one token of each completion.
    let weights: [Double]
    /// What has a gradient, packed; members index ``samples``.
    let batches: [PackedBatch]
    /// What stays the same over the iterations, one per batch once it is known.
    var frozen: [FrozenLogProbabilities?]

    /// - Parameter keepsUnrewarded: a completion without advantage still has a KL term to learn from;
    ///   without one it has no gradient and gets no pass, though it counts in the weights.
    init(
        samples: [TrainingSample], packer: BatchPacker, normalization: LossNormalization,
        keepsUnrewarded: Bool
    ) {
        self.samples = samples
        weights = normalization.weights(trainedTokens: samples.map(\.trainedCount))
        let live = samples.indices.filter {
            samples[$0].trainedCount > 0 && (keepsUnrewarded || samples[$0].advantage != 0)
        }
        batches = packer.pack(live.map { samples[$0] }).map { batch in
            var batch = batch
            for index in batch.members.indices {
                batch.members[index].sample = live[batch.members[index].sample]
            }
            return batch
        }
        frozen = Array(repeating: nil, count: batches.count)
    }

    /// Computes the old and reference log-probabilities with the weights as they are now.
    mutating func freeze(_ forward: PackedForward, _ reference: ReferencePolicy) throws {
        for index in batches.indices {
            frozen[index] = FrozenLogProbabilities(
                old: try forward(batches[index]).logProbabilities.floats(),
                reference: try reference.logProbabilities(of: batches[index], forward))
        }
    }

    /// The members of a batch with its log-probabilities [M], for the objective.
    func scored(_ values: [Float], batch index: Int) -> [ScoredCompletion] {
        guard let frozen = frozen[index] else {
            preconditionFailure("a batch is scored after its old log-probabilities are known")
        }
        return batches[index].members.map { member in
            let sample = samples[member.sample]
            return ScoredCompletion(
                logProbabilities: Array(values[member.range]),
                oldLogProbabilities: Array(frozen.old[member.range]),
                referenceLogProbabilities: frozen.reference.map { Array($0[member.range]) },
                isTrained: sample.isTrained, advantage: Double(sample.advantage))
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
