import Foundation
import HoneCore
import HoneInference
import HoneModels
import Torch

/// A model being trained: its weights, the engine that samples from them, and the update that moves
/// them. Not Sendable; ``PolicyHost`` keeps it on its thread.
public final class Policy {
    public let language: LanguageModel
    private let engine: Engine
    /// Texts that end a completion in training.
    private let stop: (any StopCondition)?
    private let method: Method
    private let step: OptimizerStep
    /// The first weights, where every weight moves and reward functions ask about them.
    private var firstWeights: DecoderModel?

    /// What moves the weights.
    enum Method {
        case reinforcement(PolicyUpdate)
        case supervised(SupervisedUpdate)
    }

    init(
        language: LanguageModel, engine: Engine, stop: (any StopCondition)?, method: Method,
        step: OptimizerStep
    ) {
        self.language = language
        self.engine = engine
        self.stop = stop
        self.method = method
        self.step = step
    }

    /// The model that training began with. What ``keepReference(_:_:)`` keeps, or the base below the
    /// adapter.
    var reference: ReferenceReader {
        ReferenceReader(model: firstWeights ?? language.model, text: language.text)
    }

    func keepReference(_ config: TrainingConfig, _ origin: Origin) throws {
        guard language.model.adapterConfig == nil else { return }
        firstWeights = try Self.firstWeights(config, origin, language.model)
    }

    func sample(
        _ requests: [GenerationRequest],
        finished: (Int, [Completion]) -> Void = { _, _ in }
    ) throws -> [[Completion]] {
        engine.policyVersion = step.count
        language.model.expect(requests)
        return try withoutGradients {
            do {
                return try engine.generate(requests, stop: stop, finished: finished)
            } catch EngineError.logitsNotFinite(let request, _, _) where step.count > 0 {
                throw TrainingError.brokenPolicy(
                    step: step.count, row: requests[request].stream.row)
            }
        }
    }

    func update(_ samples: [TrainingSample]) throws -> OrderedMetrics {
        guard case .reinforcement(let update) = method else {
            preconditionFailure("this policy was made for supervised training")
        }
        let steps = update.iterations * update.stepsPerIteration
        defer { engine.record?.removeAll() }
        return try undoing(steps: steps, rows: samples.compactMap(\.row)) {
            try update.run(samples) + memory
        }
    }

    func update(_ examples: [SupervisedExample]) throws -> OrderedMetrics {
        guard case .supervised(let update) = method else {
            preconditionFailure("this policy was made for reinforcement")
        }
        return try undoing(steps: 1, rows: []) { try update.run(examples) + memory }
    }

    /// Where `update` meets a number that is not finite, its gradients are dropped before they move a
    /// weight, and the optimiser steps it had left are counted as made, so that the schedule keeps its
    /// pace.
    private func undoing(
        steps: Int, rows: [Int], _ update: () throws -> OrderedMetrics
    ) throws -> OrderedMetrics {
        let end = step.count + steps
        do {
            return try update()
        } catch TrainingError.notFinite(var found) {
            if let name = try nameOfBadGradient() { found.quantity = "the gradient of \(name)" }
            found.rows = Set(found.rows.isEmpty ? rows : found.rows).sorted()
            try step.optimizer.zeroGradients()
            while step.count < end { _ = step.skip() }
            throw TrainingError.notFinite(found)
        }
    }

    /// The first parameter whose gradient holds a number that is not finite.
    private func nameOfBadGradient() throws -> String? {
        try language.model.trainableParameters.first { parameter in
            try !gradientNorm([parameter.tensor]).isFinite
        }?.name
    }

    /// Prepares for sequences of up to `length` tokens, which decides rotary angles where they depend on
    /// length.
    func expect(sequencesOf length: Int) { language.model.expect(sequencesOf: length) }

    /// Completions of `request` that all reach the longest length: nothing ends them. For measuring.
    func sampleWithoutEnd(_ request: GenerationRequest) throws -> [Completion] {
        let ends = engine.endTokens
        engine.endTokens = []
        defer { engine.endTokens = ends }
        return try withoutGradients { try engine.generate([request])[0] }
    }

    /// Bytes that drawing `tokens` tokens takes beyond `fewer`: keys and values, and what is kept for the
    /// update, each within its budget.
    func samplingGrowth(from fewer: Int, to tokens: Int) -> Int {
        let most = engine.cacheTokens
        let cache = max(min(tokens, most) - min(fewer, most), 0) * engine.cacheBytesPerToken
        let kept = engine.record.map { $0.byteCount(ofRows: tokens) - $0.byteCount(ofRows: fewer) }
        return cache + max(kept ?? 0, 0)
    }

    public var facts: PolicyFacts {
        let model = language.model
        let (config, dtype) = (model.config, model.dtype)
        let head = config.vocabularySize * config.modelWidth
        let layers = model.parameterCount - head * (config.isHeadTied ? 1 : 2)
        return PolicyFacts(
            parameters: model.parameterCount, trainable: model.trainableCount,
            layerWeights: layers, headWeights: head,
            reusableWeights: engine.record?.weightCount ?? 0,
            weightBytes: model.decodeBytes, dtype: dtype, device: model.device)
    }

    /// The most that the device's memory held; nothing where the system tells nothing.
    private var memory: OrderedMetrics {
        let device = language.model.device
        let peak =
            device == .cpu
            ? MemoryFigures.peakResidentBytes : (try? MemoryFigures.accelerator(device))?.peak
        guard let bytes = peak else { return [] }
        return [("memory/peak_bytes", Double(bytes))]
    }
}

extension Policy {
    /// - Throws: `TrainingError.brokenPolicy` where the weights compute no numbers any more: what would be
    ///   kept then takes the place of a checkpoint that can be used.
    func writeWeights(to folder: URL) throws {
        let some = (0..<4).map { Int32($0 % language.model.config.vocabularySize) }
        let item = TokenScorer.Item(prompt: [some[0]], completion: Array(some.dropFirst()))
        guard try TokenScorer(model: language.model).score([item])[0].allSatisfy(\.isFinite) else {
            throw TrainingError.brokenPolicy(step: step.count, row: nil)
        }
        try language.save(to: folder)
    }

    /// `optimizer.safetensors` holds the moments by parameter name; `training.json` the counters.
    func writeTrainingState(to folder: URL) throws {
        try SafeTensorsWriter.write(
            step.optimizer.state(), to: folder.appending(path: "optimizer.safetensors"))
        let counters = TrainingCounters(optimizerSteps: step.count)
        try JSONEncoder().encode(counters).write(to: folder.appending(path: "training.json"))
        if case .reinforcement(let update) = method { try update.write(to: folder) }
    }

    /// Takes up optimiser and counters; the weights were loaded when the policy was made.
    func restore(from folder: URL) throws {
        let data = try Data(contentsOf: folder.appending(path: "training.json"))
        let counters = try JSONDecoder().decode(TrainingCounters.self, from: data)
        let state = try SafeTensorsReader(folder.appending(path: "optimizer.safetensors"))
        try step.optimizer.loadState { name in
            state.contains(name) ? try state.tensor(name) : nil
        }
        step.restore(count: counters.optimizerSteps)
        if case .reinforcement(let update) = method { try update.restore(from: folder) }
    }
}

/// What a checkpoint counts besides tensors.
struct TrainingCounters: Codable {
    var optimizerSteps: Int
}
