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
    private let policyUpdate: PolicyUpdate?
    private let supervisedUpdate: SupervisedUpdate?
    private let step: OptimizerStep

    init(
        language: LanguageModel, engine: Engine, stop: (any StopCondition)?,
        policyUpdate: PolicyUpdate?,
        supervisedUpdate: SupervisedUpdate?, step: OptimizerStep
    ) {
        self.language = language
        self.engine = engine
        self.stop = stop
        self.policyUpdate = policyUpdate
        self.supervisedUpdate = supervisedUpdate
        self.step = step
    }

    func sample(_ requests: [GenerationRequest]) throws -> [[Completion]] {
        engine.policyVersion = step.count
        language.model.expect(requests)
        return try withoutGradients { try engine.generate(requests, stop: stop) }
    }

    func update(_ samples: [TrainingSample]) throws -> OrderedMetrics {
        guard let policyUpdate else {
            preconditionFailure("this policy was made for supervised training")
        }
        return try policyUpdate.run(samples) + memory
    }

    func update(_ examples: [SupervisedExample]) throws -> OrderedMetrics {
        guard let supervisedUpdate else {
            preconditionFailure("this policy was made for reinforcement")
        }
        return try supervisedUpdate.run(examples) + memory
    }

    public var facts: PolicyFacts {
        let model = language.model
        let (config, dtype) = (model.config, model.dtype)
        let head = config.vocabularySize * config.modelWidth
        let layers = model.parameterCount - head * (config.isHeadTied ? 1 : 2)
        return PolicyFacts(
            parameters: model.parameterCount, trainable: model.trainableCount,
            layerWeights: layers, headWeights: head,
            weightBytes: (layers + head) * dtype.byteCount, dtype: dtype, device: model.device)
    }

    private var memory: OrderedMetrics {
        let peak = (try? MemoryFigures.accelerator(language.model.device)?.peak) ?? nil
        guard let bytes = peak ?? MemoryFigures.peakResidentBytes else { return [] }
        return [("memory/peak_bytes", Double(bytes))]
    }
}

extension Policy {
    func writeWeights(to folder: URL) throws { try language.save(to: folder) }

    /// `optimizer.safetensors` holds the moments by parameter name; `training.json` the counters.
    func writeTrainingState(to folder: URL) throws {
        try SafeTensorsWriter.write(
            step.optimizer.state(), to: folder.appending(path: "optimizer.safetensors"))
        let counters = TrainingCounters(optimizerSteps: step.count)
        try JSONEncoder().encode(counters).write(to: folder.appending(path: "training.json"))
        try policyUpdate?.write(to: folder)
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
        try policyUpdate?.restore(from: folder)
    }
}

/// What a checkpoint counts besides tensors.
struct TrainingCounters: Codable {
    var optimizerSteps: Int
}
