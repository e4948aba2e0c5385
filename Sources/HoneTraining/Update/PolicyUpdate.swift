import HoneCore
import HoneModels
import Torch

/// One GRPO update of a model: log-probabilities, objective, backward, optimiser.
final class PolicyUpdate {
    let model: DecoderModel
    let reference: ReferencePolicy
    let packer: BatchPacker
    let objective: GRPOObjective
    let normalization: LossNormalization
    /// Divides the logits, as in sampling.
    let temperature: Double
    /// Passes over each batch of completions (μ in DeepSeekMath).
    let iterations: Int
    /// Optimiser steps in one pass; each sees whole groups.
    let stepsPerIteration: Int
    let step: OptimizerStep

    init(
        model: DecoderModel, reference: ReferencePolicy, packer: BatchPacker,
        objective: GRPOObjective, normalization: LossNormalization, temperature: Double,
        iterations: Int, stepsPerIteration: Int, step: OptimizerStep
    ) {
        self.model = model
        self.reference = reference
        self.packer = packer
        self.objective = objective
        self.normalization = normalization
        self.temperature = temperature
        self.iterations = iterations
        self.stepsPerIteration = stepsPerIteration
        self.step = step
    }

    private var forward: PackedForward { PackedForward(model: model, temperature: temperature) }

    /// Learns from the completions of one rollout; metrics by TRL's names.
    func run(_ samples: [TrainingSample]) throws -> OrderedMetrics {
        var portions = split(samples)
        // The first step finds the weights that drew the completions, so its own log-probabilities
        // are the old ones. Later steps of a pass need them from before the first.
        for index in portions.indices.dropFirst() {
            try withoutGradients { try portions[index].freeze(forward, reference) }
        }
        var tally = UpdateTally()
        var outcome: OrderedMetrics = []
        for _ in 0..<iterations {
            for index in portions.indices {
                outcome = try advance(&portions[index], &tally)
            }
        }
        for portion in portions { tally.compare(portion) }
        return outcome + tally.metrics(hasReference: objective.beta != 0)
    }

    /// One optimiser step.
    private func advance(
        _ portion: inout Portion, _ tally: inout UpdateTally
    ) throws -> OrderedMetrics {
        guard !portion.batches.isEmpty else { return [("loss", 0)] + step.skip() }
        var loss = 0.0
        for index in portion.batches.indices {
            model.dropoutSeed = dropoutSeed(batch: index)
            let pass = try accumulate(&portion, batch: index)
            loss += pass.evaluation.loss
            tally.add(pass, of: portion, batch: index)
        }
        return [("loss", loss)] + (try step.advance())
    }

    /// Adds the gradient of one packed batch to the parameters'.
    func accumulate(_ portion: inout Portion, batch index: Int) throws -> BatchPass {
        let batch = portion.batches[index]
        let (logProbabilities, entropy) = try forward(batch)
        let values = try logProbabilities.floats()
        if portion.frozen[index] == nil {
            portion.frozen[index] = FrozenLogProbabilities(
                old: values, reference: try reference.logProbabilities(of: batch, forward))
        }
        let evaluation = objective.evaluate(
            portion.scored(values, batch: index),
            weights: batch.members.map { portion.weights[$0.sample] })
        guard evaluation.loss.isFinite else {
            throw TrainingError.notFinite(quantity: "the loss", step: step.count + 1)
        }
        let slopes = Array(evaluation.gradients.joined())  // [M] ∂L/∂log π
        try logProbabilities.backward(
            gradient: Tensor(slopes, shape: [slopes.count], device: model.device))
        return BatchPass(
            logProbabilities: values, entropy: try entropy.floats(), evaluation: evaluation)
    }

    /// Samples cut into the portions of a pass, between groups, as evenly as they come.
    private func split(_ samples: [TrainingSample]) -> [Portion] {
        var groups: [[TrainingSample]] = []
        for sample in samples {
            if groups.last?.first?.group == sample.group {
                groups[groups.count - 1].append(sample)
            } else {
                groups.append([sample])
            }
        }
        return (0..<stepsPerIteration).map { part in
            let range =
                part * groups.count / stepsPerIteration..<(part + 1) * groups.count
                / stepsPerIteration
            return Portion(
                samples: Array(groups[range].joined()), packer: packer,
                normalization: normalization, keepsUnrewarded: objective.beta != 0)
        }
    }

    /// Dropout depends on the step and the batch alone, so a resumed run drops the same units.
    private func dropoutSeed(batch: Int) -> UInt64 {
        UInt64(step.count) << 20 | UInt64(batch)
    }
}
