import Foundation
import HoneCore
import HoneInference
import HoneModels
import Torch

extension Policy {
    /// Where a policy's weights come from.
    public enum Origin: Sendable {
        /// The model that the recipe names or describes; a described one gets its files here.
        case recipe(newModelFolder: URL)
        /// A checkpoint of this recipe's run.
        case checkpoint(URL)
    }

    /// The policy that `config` describes, ready for `totalSteps` steps.
    public convenience init(
        config: TrainingConfig, origin: Origin, totalSteps: Int
    ) throws {
        let device = try Device(config.device)
        if let threads = config.threads { try setThreadCount(threads) }
        let dtype = DType(config.dtype, on: device)
        let language = try Self.language(config, origin, dtype: dtype, device: device)
        let model = language.model
        let reference: ReferencePolicy
        if let lora = config.lora {
            try Self.adapt(model, lora, origin, seed: UInt64(config.seed))
            reference = try Self.adapterReference(config, model)
        } else {
            reference = try Self.frozenReference(config, origin, model)
            model.unfreeze()
        }

        if case .blocks(let layers) = config.memory.gradientCheckpointing {
            model.recomputedBlock = layers
        }
        model.decodePrecision = DecodeStack.Precision(config.sampling.quantization)
        let optimizerSteps = config.optimizerSteps(of: totalSteps)
        let step = OptimizerStep(
            optimizer: config.optimizer.optimizer(of: model.trainableParameters),
            schedule: LearningRateSchedule(config.optimizer, totalSteps: optimizerSteps),
            maxGradientNorm: config.optimizer.maxGradNorm)
        let limits =
            config.memory.cacheBudget.map { EngineLimits(cacheBytes: $0.bytes) } ?? EngineLimits()
        let engine = try Engine(model: model, endTokens: language.endTokens, limits: limits)
        if config.method == .grpo {
            engine.record = Self.record(config.memory.activationReuse, of: model)
        }
        self.init(
            language: language, engine: engine,
            stop: language.text.stop(at: config.sampling.stop),
            method: Self.method(config, model, reference, step, engine.record), step: step)
        if case .checkpoint(let folder) = origin { try restore(from: folder) }
    }

    private static func record(
        _ reuse: ActivationReuse, of model: DecoderModel
    ) -> ActivationRecord? {
        switch reuse {
        case .off: nil
        case .upTo(let bytes): ActivationRecord(model: model, byteBudget: bytes.bytes)
        case .automatic: ActivationRecord.standard(for: model)
        }
    }

    private static func method(
        _ config: TrainingConfig, _ model: DecoderModel, _ reference: ReferencePolicy,
        _ step: OptimizerStep, _ record: ActivationRecord?
    ) -> Method {
        switch config.method {
        case .grpo:
            .reinforcement(
                PolicyUpdate(
                    model: model, reference: reference, config: config, step: step,
                    record: record))
        case .sft:
            .supervised(
                SupervisedUpdate(
                    model: model,
                    packer: ExamplePacker(
                        tokenBudget: config.sft.microBatchTokens
                            ?? TokenBudget.standard(for: model),
                        sharing: config.sft.packing ? .packed : .alone),
                    step: step))
        }
    }

    private static func language(
        _ config: TrainingConfig, _ origin: Origin, dtype: DType, device: Device
    ) throws -> LanguageModel {
        // A checkpoint of full fine-tuning is a whole model folder; one of an adapter is not.
        if case .checkpoint(let folder) = origin, config.lora == nil {
            // Tokenizer and configuration come from where the run began: the checkpoint will be removed
            // when newer ones are complete.
            let source =
                switch config.model {
                case .folder(let folder): URL(filePath: folder)
                case .scratch: RunFolder(ofCheckpoint: folder).initialModel
                }
            return try LanguageModel(
                model: DecoderModel.load(folder: folder, dtype: dtype, device: device),
                folder: source)
        }
        switch (config.model, origin) {
        case (.folder(let folder), _):
            return try LanguageModel(
                folder: URL(filePath: folder), dtype: dtype, device: device,
                quantization: BaseQuantization(config.quantization))
        case (.scratch(let description), .recipe(let folder)):
            return try NewModelFolder(description: description, folder: folder)
                .make(seed: UInt64(config.seed), dtype: dtype, device: device)
        case (.scratch, .checkpoint):
            preconditionFailure("a recipe with an adapter on a new model was accepted")
        }
    }

    private static func adapt(
        _ model: DecoderModel, _ config: AdapterConfig, _ origin: Origin, seed: UInt64
    ) throws {
        if case .checkpoint(let folder) = origin {
            try AdapterFile.load(folder: folder, into: model)
        } else if let path = config.path {
            try AdapterFile.load(folder: URL(filePath: path), into: model)
        } else {
            try model.addAdapter(LoRAConfig(config), seed: seed)
        }
    }

    /// With an adapter the base is the reference, unless the reference moves.
    private static func adapterReference(
        _ config: TrainingConfig, _ model: DecoderModel
    ) throws -> ReferencePolicy {
        guard config.usesReference else { return .none }
        guard let motion = ReferenceMotion(config.grpo) else { return .adapterOff(model) }
        return .copy(try model.frozenCopy(), motion)
    }

    /// Full fine-tuning moves the weights themselves, so its reference is another copy of them.
    private static func frozenReference(
        _ config: TrainingConfig, _ origin: Origin, _ model: DecoderModel
    ) throws -> ReferencePolicy {
        guard config.usesReference else { return .none }
        return .copy(try firstWeights(config, origin, model), ReferenceMotion(config.grpo))
    }

    /// A copy of the weights that training began with.
    /// - Parameter model: has those weights still, unless `origin` is a checkpoint.
    static func firstWeights(
        _ config: TrainingConfig, _ origin: Origin, _ model: DecoderModel
    ) throws -> DecoderModel {
        guard case .checkpoint = origin, case .folder(let folder) = config.model else {
            return try model.frozenCopy()
        }
        return try DecoderModel.load(
            folder: URL(filePath: folder), dtype: model.dtype, device: model.device)
    }
}

extension TrainingConfig {
    /// Looks whether device, model and adapter are what they must be, before anything is read.
    /// - Throws: ``DeviceUnavailable``, `ModelError`.
    func checkPlaces() throws {
        _ = try Device(device)
        if case .folder(let folder) = model,
            let fault = FolderFault(ofModel: URL(filePath: folder))
        {
            throw ModelError.wrongFolder(fault)
        }
        if let path = lora?.path, let fault = FolderFault(ofAdapter: URL(filePath: path)) {
            throw ModelError.wrongFolder(fault)
        }
    }

    /// Whether a KL term needs a reference policy.
    var usesReference: Bool { method == .grpo && grpo.beta != 0 }

    func optimizerSteps(of steps: Int) -> Int {
        method == .grpo ? steps * grpo.numIterations * grpo.updatesPerIteration : steps
    }
}
