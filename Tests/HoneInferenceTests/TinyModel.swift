import Foundation
import HoneCore
import HoneModels
import TestSupport
import Torch

@testable import HoneInference

/// Random models of every family, as the models' own tests use them.
enum TinyModel {
    static let names = [
        "llama-three", "mistral-window", "qwen2-window", "qwen3-tied", "phi3-window", "gemma2-caps",
        "gemma3-layers",
    ]

    static func load(_ name: String, dtype: DType = .float32) throws -> DecoderModel {
        try DecoderModel.load(folder: Fixtures.url("models/\(name)"), dtype: dtype)
    }

    /// Tokens that depend on `seed` alone.
    static func prompt(_ length: Int, model: DecoderModel, seed: UInt64 = 1) -> [Int32] {
        let stream = RandomStream(seed: seed)
        return (0..<length).map {
            Int32(
                stream.uniform(member: 0, position: $0) * Double(model.config.vocabularySize))
        }
    }

    static func request(
        _ prompt: [Int32], count: Int = 1, seed: UInt64 = 3, row: Int = 0,
        _ parameters: SamplingParameters = SamplingParameters(maxTokens: 24)
    ) -> GenerationRequest {
        GenerationRequest(
            promptTokens: prompt, count: count, parameters: parameters,
            stream: RandomStream(seed: seed, row: row))
    }

    /// Log-probabilities of `completion` by one packed forward pass, as training computes them.
    static func score(
        _ model: DecoderModel, prompt: [Int32], completion: [Int32], temperature: Double = 1
    ) throws -> [Double] {
        try withoutGradients {
            let tokens = (prompt + completion).map(Int.init)
            let context = try PackedAttention(
                layout: PackedLayout(sequences: [tokens.count - 1]))
            let hidden = try model.hiddenStates(
                tokens: Tensor(Array(tokens.dropLast())), context: context)
            return try model.logProbabilities(
                hidden.narrow(0, prompt.count - 1, completion.count),
                targets: Tensor(completion.map(Int.init)), temperature: temperature
            ).logProbabilities.doubles()
        }
    }
}

extension Engine {
    convenience init(
        _ model: DecoderModel, rows: Int = 8, bytes: Int = 8 << 20, prefill: Int = 2048
    )
        throws
    {
        try self.init(
            model: model, endTokens: [],
            limits: EngineLimits(cacheBytes: bytes, rows: rows, prefillTokens: prefill))
    }
}
