import Foundation
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
    /// Parts of an optimiser step's completions that get passes of their own.
    let accumulation: Int
    let step: OptimizerStep
    /// Share of tokens, by highest entropy, that keep their policy loss; 1 keeps all.
    let topEntropyQuantile: Double
    /// Takes the divergence from the rewards; `nil` where it is part of the loss or not at all.
    let penalty: RewardPenalty?
    /// What metrics report of the gap between sampler and trainer; `nil` where it is not corrected.
    let correction: SamplingCorrection?
    private(set) var entropyControl: EntropyControl
    /// What the sampler has computed already; `nil` computes everything.
    let reused: ReusedActivations?

    init(
        model: DecoderModel, reference: ReferencePolicy, packer: BatchPacker,
        objective: GRPOObjective, normalization: LossNormalization, temperature: Double,
        iterations: Int = 1, stepsPerIteration: Int = 1, accumulation: Int = 1,
        step: OptimizerStep,
        topEntropyQuantile: Double = 1, penalty: RewardPenalty? = nil,
        correction: SamplingCorrection? = nil,
        entropyControl: EntropyControl = EntropyControl(coefficient: 0),
        reused: ReusedActivations? = nil
    ) {
        self.model = model
        self.reference = reference
        self.packer = packer
        self.objective = objective
        self.normalization = normalization
        self.temperature = temperature
        self.iterations = iterations
        self.stepsPerIteration = stepsPerIteration
        self.accumulation = accumulation
        self.step = step
        self.topEntropyQuantile = topEntropyQuantile
        self.penalty = penalty
        self.correction = correction
        self.entropyControl = entropyControl
        self.reused = reused
    }

    private var forward: PackedForward { PackedForward(model: model, temperature: temperature) }

    /// Learns from the completions of one rollout; metrics by TRL's names.
    ///
    /// Where a number is not finite, weights, optimiser, reference and entropy coefficient are left as
    /// they were before the first optimiser step of this update.
    func run(_ samples: [TrainingSample]) throws -> OrderedMetrics {
        guard iterations * stepsPerIteration > 1 else { return try learn(samples) }
        let before = try UpdateSnapshot(step.optimizer, reference)
        let control = entropyControl
        do {
            return try learn(samples)
        } catch let error as TrainingError {
            try before.restore(step.optimizer)
            entropyControl = control
            throw error
        }
    }

    private func learn(_ samples: [TrainingSample]) throws -> OrderedMetrics {
        // Dropout belongs to passes with gradients; sampling and old log-probabilities have none.
        model.dropoutSeed = nil
        defer { model.dropoutSeed = nil }
        var portions = split(samples)
        // The first step finds the weights that drew the completions, so its own log-probabilities
        // are the old ones, in all its parts and for every later pass. Later steps of a pass need
        // them from before the first, and a penalty on the rewards needs all of them before there
        // are advantages.
        for index in portions.indices.dropFirst(penalty == nil ? 1 : 0) {
            try portions[index].freeze(forward, reference, lanes)
        }
        let penalized = penalty?.apply(to: &portions) ?? []
        var tally = UpdateTally()
        var outcomes: [OrderedMetrics] = []
        for _ in 0..<iterations {
            for index in portions.indices {
                outcomes.append(try advance(&portions[index], &tally))
            }
        }
        for portion in portions { tally.compare(portion, correction) }
        return Self.summary(outcomes) + tally.metrics(of: objective) + penalized
            + entropyControl.metrics + (reused?.takeMetrics() ?? [])
    }

    /// The means over the optimiser steps of an update; of the learning rate the last.
    private static func summary(_ outcomes: [OrderedMetrics]) -> OrderedMetrics {
        guard let last = outcomes.last else { return [] }
        return last.map { name, value in
            guard name != "learning_rate", outcomes.count > 1 else { return (name, value) }
            let values = outcomes.compactMap { $0.first { $0.name == name }?.value }
            return (name, values.reduce(0, +) / Double(values.count))
        }
    }

    /// One optimiser step.
    private func advance(
        _ portion: inout Portion, _ tally: inout UpdateTally
    ) throws -> OrderedMetrics {
        guard !portion.batches.isEmpty else { return [("loss", 0)] + step.skip() }
        let evaluation = try accumulate(&portion, &tally)
        let advanced = try step.advance(rows: portion.rows)
        // What the old weights gave is not what the new ones give.
        reused?.removeAll()
        if entropyControl.isActive, evaluation.keptTokens > 0 {
            entropyControl.observe(
                meanEntropy: evaluation.keptEntropy / Double(evaluation.keptTokens))
        }
        try reference.follow(model, step: step.count)
        let parts = entropyControl.isActive ? [("policy_loss", evaluation.policyLoss)] : []
        return [("loss", evaluation.loss)] + parts + advanced
    }

    /// Adds the gradient of one optimiser batch to the parameters'. Its micro-batches change memory and
    /// speed; the gradient is the same for every way of cutting it.
    func accumulate(
        _ portion: inout Portion, _ tally: inout UpdateTally
    ) throws -> GRPOObjective.Evaluation {
        let survey = try survey(portion)
        let lanes = lanes
        let open = portion.batches.indices.filter { portion.frozen[$0] == nil }
        let references = Dictionary(
            uniqueKeysWithValues: zip(
                open,
                try reference.logProbabilities(
                    of: open.map { portion.batches[$0] }, forward, lanes)))
        let known = try portion.batches.indices.map { try knownActivations(portion, batch: $0) }
        let given = portion
        let passes = try lanes.accumulate(portion.batches.count, of: model) { index, backward in
            try pass(
                over: index, of: given, survey, known: known[index],
                reference: references[index] ?? nil, backward)
        }
        var whole = GRPOObjective.Evaluation()
        for (index, pass) in passes.enumerated() {
            portion.frozen[index] = pass.frozen
            whole.add(pass.found.evaluation)
            tally.add(pass.found, of: portion, batch: index)
        }
        return whole
    }

    private var lanes: PassLanes { PassLanes(for: model, tokenBudget: packer.tokenBudget) }

    /// What the sampler has computed of a batch already.
    private func knownActivations(
        _ portion: Portion, batch index: Int
    ) throws -> KnownActivations? {
        let batch = portion.batches[index]
        return try reused?.known(batch, of: portion.samples) { known in
            try withoutGradients { try forward(batch, known: known).logProbabilities.floats() }
        }
    }

    /// What one pass over a batch found, and the log-probabilities that later passes compare with.
    private struct Pass {
        let found: BatchPass
        let frozen: FrozenLogProbabilities
    }

    /// Scores one packed batch and goes back from its loss. Several of these may go on at one time.
    private func pass(
        over index: Int, of portion: Portion, _ survey: EntropySurvey, known: KnownActivations?,
        reference: [Float]?, _ backward: PassLanes.BackwardPass
    ) throws -> Pass {
        drawDropout(batch: index)
        var portion = portion
        let batch = portion.batches[index]
        let entropy = survey.terms
        let (logProbabilities, entropies) = try forward(
            batch, entropyGradient: entropy.bonus == 0 ? .none : .computed, known: known)
        let values = try logProbabilities.floats()
        try batch.requireFinite(
            values, rows: portion.samples.map(\.row), step: step.count + 1)
        let entropyValues = try survey.entropies?[index] ?? entropies.detached().floats()
        let frozen =
            portion.frozen[index] ?? FrozenLogProbabilities(old: values, reference: reference)
        portion.frozen[index] = frozen
        let evaluation = objective.evaluate(
            portion.scored(values, entropyValues, batch: index),
            weights: batch.members.map { portion.weights[$0.sample] }, entropy: entropy)
        guard evaluation.loss.isFinite else {
            throw TrainingError.notFinite(
                quantity: "the loss", step: step.count + 1,
                rows: batch.members.compactMap { portion.samples[$0.sample].row })
        }
        var outputs = [logProbabilities]
        var slopes = [try gradient(evaluation.gradients)]
        if entropy.bonus != 0 {
            outputs.append(entropies)
            slopes.append(try gradient(evaluation.entropyGradients))
        }
        try backward(outputs, slopes)
        return Pass(
            found: BatchPass(
                logProbabilities: values, entropy: entropyValues, evaluation: evaluation),
            frozen: frozen)
    }

    /// [M] of [S][T].
    private func gradient(_ parts: [[Float]]) throws -> Tensor {
        let values = Array(parts.joined())
        return try Tensor(values, shape: [values.count], device: model.device)
    }

    /// What the whole optimiser batch says of entropies.
    private struct EntropySurvey {
        var terms: EntropyTerms
        /// [batch][M] nats, where tokens are selected by them. The selection and the losses then see the
        /// same numbers: a second pass may differ in the last bit, which decides at the threshold.
        var entropies: [[Float]]?
    }

    /// A selection by quantile needs the entropies of all micro-batches before the first loss: one more
    /// pass, without gradients.
    private func survey(_ portion: Portion) throws -> EntropySurvey {
        let coefficient = entropyControl.applied
        guard topEntropyQuantile < 1 else {
            return EntropySurvey(
                terms: EntropyTerms(coefficient: coefficient, tokens: portion.batchedTokens))
        }
        let entropies = try withoutGradients {
            try portion.batches.indices.map { index in
                drawDropout(batch: index)
                return try forward(portion.batches[index]).entropy.floats()
            }
        }
        return EntropySurvey(
            terms: EntropyTerms(
                coefficient: coefficient, topQuantile: topEntropyQuantile,
                entropies: portion.trained(entropies)),
            entropies: entropies)
    }

    /// Completions without advantage may still have something to say.
    private var keepsUnrewarded: Bool {
        objective.beta != 0 || penalty != nil || entropyControl.isActive || topEntropyQuantile < 1
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
                samples: Array(groups[range].joined()), packer: packer, parts: accumulation,
                normalization: normalization, keepsUnrewarded: keepsUnrewarded)
        }
    }

    /// Dropout depends on the step and the batch alone, so a resumed run drops the same units.
    private func drawDropout(batch: Int) {
        guard model.dropsUnits else { return }
        model.dropoutSeed = UInt64(step.count) << 20 | UInt64(batch)
    }
}

extension PolicyUpdate {
    private static let entropyFile = "entropy.json"

    /// Writes what the update carries from one step to the next besides weights and optimiser.
    func write(to folder: URL) throws {
        try reference.write(to: folder)
        guard entropyControl.isActive else { return }
        let encoder = JSONEncoder()
        // Equal states are equal files.
        encoder.outputFormatting = .sortedKeys
        try encoder.encode(entropyControl)
            .write(to: folder.appending(path: Self.entropyFile))
    }

    /// Takes up what ``write(to:)`` wrote.
    func restore(from folder: URL) throws {
        try reference.restore(from: folder)
        guard entropyControl.isActive else { return }
        let data = try Data(contentsOf: folder.appending(path: Self.entropyFile))
        entropyControl.resume(try JSONDecoder().decode(EntropyControl.self, from: data))
    }
}
