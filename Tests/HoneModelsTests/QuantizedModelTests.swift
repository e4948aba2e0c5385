import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing
import Torch

@testable import HoneModels

@Suite struct QuantizedModelTests {
    /// A dense model whose weights are the values that `coded` stands for.
    private func dense(_ coded: DecoderModel, _ parity: ParityCase) throws -> DecoderModel {
        let model = try parity.model(dtype: coded.dtype)
        let values = Dictionary(
            uniqueKeysWithValues: try coded.publishedParameters().map { ($0.name, $0.tensor) })
        try withoutGradients {
            for parameter in try model.publishedParameters() {
                try parameter.tensor.copy_(#require(values[parameter.name]))
            }
        }
        return model
    }

    /// Logits, log-probabilities and the adapter's gradients of a base in four bits are those of a
    /// dense base of the same values: with tied and untied heads, biases, fused projections and norms.
    @Test(arguments: ["qwen2-tied", "llama-two", "phi3-short", "gemma3-pattern", "qwen3-tied"])
    func computesWhatADenseModelOfItsValuesComputes(_ name: String) throws {
        let parity = try ParityCase.named(name)
        let coded = try DecoderModel.load(folder: parity.folder, quantization: .nf4)
        let same = try dense(coded, parity)
        let tokens = try parity.expected().tensor("tokens")
        let weights = try Tensor.rand([tokens.count - 1], seed: 1)
        var found: [[String: [Float]]] = []
        var logits: [Tensor] = []
        for model in [coded, same] {
            try model.addAdapter(LoRAConfig(rank: 3, alpha: 6, dropout: 0.2), seed: 2)
            try withoutGradients {
                for (index, parameter) in model.trainableParameters.enumerated() {
                    let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index))
                    try parameter.tensor.add_(noise, scale: 0.1)
                }
            }
            logits.append(try withoutGradients { try model.logits(ofSequence: tokens) })
            model.dropoutSeed = 4
            try model.loss(tokens: tokens, weights: weights).backward()
            found.append(
                Dictionary(
                    uniqueKeysWithValues: try model.trainableParameters.map {
                        ($0.name, try #require($0.tensor.gradient).floats())
                    }))
        }
        try expectClose(logits[0], logits[1], absolute: 1e-4)
        for (name, gradient) in found[0] {
            let expected = try #require(found[1][name])
            let size = expected.map { Double($0 * $0) }.reduce(0, +).squareRoot()
            let error = zip(gradient, expected).map { Double(($0 - $1) * ($0 - $1)) }.reduce(0, +)
                .squareRoot()
            #expect(error <= 1e-3 * size + 1e-7, "\(name)")
        }
    }

    /// Bytes counted over every parameter of the base. The small fixtures' tables are a large share,
    /// so they go to four bits too; with wide layers over a small vocabulary they stay.
    @Test func theWholeBaseTakesAtMostThreeFifthsOfAByteAParameter() throws {
        let folder = try ParityCase.named("qwen2-tied").folder
        var config = try ModelConfig(folder: folder)
        config.modelWidth = 256
        config.feedForwardWidth = 1024
        config.headCount = 4
        config.keyHeadCount = 2
        config.headWidth = 64
        config.vocabularySize = 4096
        let scratch = try ScratchFolder()
        for (vocabulary, keepsTable) in [(4096, false), (200, true)] {
            config.vocabularySize = vocabulary
            let start = try DecoderModel.random(config: config, seed: 1, dtype: .bfloat16)
            var object = try ModelConfig.object(at: folder.appending(path: "config.json").path)
            for (key, value) in [
                ("hidden_size", 256), ("intermediate_size", 1024), ("num_attention_heads", 4),
                ("num_key_value_heads", 2), ("head_dim", 64), ("vocab_size", vocabulary),
            ] { object[key] = .int(value) }
            try ModelFolder.save(start, folder: scratch.url, source: folder, configuration: object)
            let model = try DecoderModel.load(
                folder: scratch.url, dtype: .bfloat16, quantization: .nf4)
            #expect(model.parameterCount == start.parameterCount)
            #expect((model.embedding.trainable != nil) == keepsTable)
            let share = Double(model.baseBytes) / Double(model.parameterCount)
            #expect(share <= 0.6 && share > 0.5, "\(share)")
            #expect(start.baseBytes == 2 * start.parameterCount)
        }
    }

    @Test func aQuantizedFolderIsRefusedByName() throws {
        let parity = try ParityCase.named("qwen2-tied")
        let scratch = try ScratchFolder()
        var object = try ModelConfig.object(
            at: parity.folder.appending(path: "config.json").path)
        object["quantization_config"] = .object(["quant_method": "gptq", "bits": 4])
        try ModelFolder.save(
            parity.model(), folder: scratch.url, source: parity.folder, configuration: object)
        let error = #expect(throws: ModelError.self) { try DecoderModel.load(folder: scratch.url) }
        #expect(
            error
                == .quantizedFolder(
                    file: scratch.url.appending(path: "config.json").path, method: "gptq"))
    }

    @Test func anAdapterIsNotMergedIntoFourBits() throws {
        let model = try DecoderModel.load(
            folder: ParityCase.named("qwen2-tied").folder, quantization: .nf4)
        try model.addAdapter(LoRAConfig(rank: 2), seed: 1)
        #expect(throws: ModelError.self) { try model.mergeAdapter() }
    }
}
