import Foundation
import HoneCore
import HoneInference
public import HoneModels
import HoneText
import Torch

/// Owns a model that is only asked, never trained, and draws completions from it.
///
/// As in ``PolicyHost``, everything that touches tensors runs on one thread.
public actor ModelHost {
    private let executor: DeviceExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    private var engine: Engine?
    private var stop: StopStrings?
    private var language: LanguageModel?
    private var model: DecoderModel? { language?.model }

    public init() { executor = DeviceExecutor(name: "model") }

    /// The model without its adapter, for reward functions that ask it.
    var reference: ReferenceReader {
        guard let language else { preconditionFailure("load comes before any use of the model") }
        return ReferenceReader(model: language.model, text: language.text)
    }

    /// Where the adapter was trained on a base that was kept otherwise.
    public var baseMismatch: BaseMismatch? { model?.baseMismatch }

    /// Loads the model that `config` names with the adapter in `adapter` onto it, in place of the one
    /// loaded before.
    public func load(_ config: TrainingConfig, folder: URL, adapter: URL?) throws {
        // The model before goes first: two may not fit.
        engine = nil
        language = nil
        let device = try Device(config.device)
        if let threads = config.threads { try setThreadCount(threads) }
        let language = try LanguageModel(
            folder: folder, adapter: adapter, dtype: DType(config.dtype, on: device),
            device: device, quantization: BaseQuantization(config.quantization))
        self.language = language
        let limits =
            config.memory.cacheBudget.map { EngineLimits(cacheBytes: $0.bytes) } ?? EngineLimits()
        stop = language.text.stop(at: config.sampling.stop)
        engine = try Engine(
            model: language.model, endTokens: language.endTokens, limits: limits)
    }

    /// Prepares for sequences of up to `length` tokens, which decides rotary angles where they depend on
    /// length; said once, a completion does not depend on which others were asked with it.
    public func expect(sequencesOf length: Int) {
        guard let model else { return }
        model.expect(sequencesOf: min(length, model.config.maximumLength))
    }
}

extension ModelHost: Sampler {
    public func sample(_ requests: [GenerationRequest]) throws -> [[Completion]] {
        guard let engine else { preconditionFailure("load comes before any use of the model") }
        model?.expect(requests)
        return try withoutGradients { try engine.generate(requests, stop: stop) }
    }

    public func sample(
        _ requests: [GenerationRequest],
        finished: @escaping @Sendable (Int, [Completion]) -> Void
    ) throws -> [[Completion]] {
        guard let engine else { preconditionFailure("load comes before any use of the model") }
        model?.expect(requests)
        return try withoutGradients {
            try engine.generate(requests, stop: stop, finished: finished)
        }
    }
}

extension DecoderModel {
    /// Prepares for the longest sequences that `requests` can grow to.
    func expect(_ requests: [GenerationRequest]) {
        let lengths = requests.map { $0.promptTokens.count + $0.parameters.maxTokens }
        expect(sequencesOf: min(lengths.max() ?? 0, config.maximumLength))
    }
}
