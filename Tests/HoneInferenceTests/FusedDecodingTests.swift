import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneInference
@testable import HoneModels

/// Decoding by one call for all layers against its twin, layer by layer.
@Suite(.serialized) struct FusedDecodingTests {
    /// A store that hides where its blocks lie, so that the model asks it layer by layer.
    private final class LayerByLayer: KeyValueStore {
        private let store: BlockStore
        init(_ store: BlockStore) { self.store = store }

        var blocks: Kernels.CachedBlocks? { nil }
        func begin(_ batch: CachedBatch) { store.begin(batch) }
        func attend(
            layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
            softCap: Double?
        ) throws -> Tensor {
            try store.attend(
                layer: layer, query: query, key: key, value: value, scale: scale, window: window,
                softCap: softCap)
        }
    }

    private func plainEngine(_ model: DecoderModel, rows: Int) throws -> Engine {
        let engine = try Engine(model, rows: rows, bytes: 64 << 20)
        engine.store = LayerByLayer(
            try BlockStore(
                plan: engine.plan, layers: model.config.layerCount,
                keyHeads: model.config.keyHeadCount, headWidth: model.config.headWidth,
                dtype: model.dtype))
        return engine
    }

    private func expectTwins(
        _ model: DecoderModel, groups: [Int], prompt: Int = 21, tokens: Int = 24,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let requests = groups.enumerated().map { index, count in
            TinyModel.request(
                TinyModel.prompt(prompt + 5 * index, model: model, seed: UInt64(index)),
                count: count, row: index, SamplingParameters(maxTokens: tokens))
        }
        let rows = groups.reduce(0, +)
        let plain = try plainEngine(model, rows: rows).generate(requests)
        #expect(model.fusedDecoding.trust == .unchecked, sourceLocation: sourceLocation)
        let fast = try Engine(model, rows: rows, bytes: 64 << 20).generate(requests)
        if DecodeStack.supports(dtype: model.dtype, device: model.device) {
            #expect(model.fusedDecoding.trust == .agrees, sourceLocation: sourceLocation)
        }
        #expect(
            plain.map { $0.map(\.tokens) } == fast.map { $0.map(\.tokens) },
            sourceLocation: sourceLocation)
        // To the bit, not nearly.
        #expect(
            plain.map { $0.map(\.logProbabilities) } == fast.map { $0.map(\.logProbabilities) },
            sourceLocation: sourceLocation)
    }

    @Test(arguments: TinyModel.names, [DType.float32, .bfloat16])
    func hasTheBitsOfSingleLayers(name: String, dtype: DType) throws {
        try expectTwins(TinyModel.load(name, dtype: dtype), groups: [1, 4, 2])
    }

    /// More rows than a block of packed ones holds, on one thread and two.
    @Test(arguments: [1, 2])
    func hasThemForManyRows(threads: Int) throws {
        let before = Torch.threadCount
        try Torch.setThreadCount(threads)
        defer { try? Torch.setThreadCount(before) }
        try expectTwins(
            TinyModel.load("qwen2-window", dtype: .bfloat16), groups: [70, 9], tokens: 6)
    }

    /// Adapters on all linear layers or some, whose second matrices are not zero.
    @Test(arguments: [DType.float32, .bfloat16], ["all", "some"])
    func hasThemWithAdapters(dtype: DType, layers: String) throws {
        let model = try TinyModel.load("llama-three", dtype: dtype)
        try model.addAdapter(
            LoRAConfig(
                rank: 4, alpha: 16,
                targets: layers == "all" ? .allLinear : .names(["v_proj", "up_proj"])),
            seed: 5)
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index)) * 0.2
                try parameter.tensor.copy_(noise)
            }
        }
        try expectTwins(model, groups: [3, 2])
    }

    /// What an optimiser changes in place counts in the next step, adapters included.
    @Test func seesChangedWeights() throws {
        let model = try TinyModel.load("qwen3-tied")
        let request = TinyModel.request(TinyModel.prompt(9, model: model), count: 2)
        let engine = try Engine(model)
        let before = try engine.generate([request])[0]
        try withoutGradients {
            for parameter in model.storedParameters {
                try parameter.tensor.copy_(parameter.tensor * 1.5)
            }
        }
        let after = try engine.generate([request])[0]
        #expect(before.map(\.logProbabilities) != after.map(\.logProbabilities))
        let plain = try plainEngine(model, rows: 8).generate([request])[0]
        #expect(after.map(\.logProbabilities) == plain.map(\.logProbabilities))
    }

    /// In eight bits a request gives the same in any company, on any number of threads and at any time,
    /// and nearly what it gives without.
    @Test(
        .enabled(if: DecodeStack.supports(.int8, dtype: .bfloat16, device: .cpu)),
        arguments: ["llama-three", "qwen3-tied", "gemma2-caps"], [DType.float32, .bfloat16])
    func eightBitsDependOnNoCompany(name: String, dtype: DType) throws {
        let model = try TinyModel.load(name, dtype: dtype)
        // A prompt of one token among them: it is not a decode step.
        let requests = [1, 17, 40].map {
            TinyModel.request(
                TinyModel.prompt($0, model: model, seed: UInt64($0)), count: 3, row: $0,
                SamplingParameters(maxTokens: 12))
        }
        let exact = try Engine(model, rows: 16).generate(requests)
        model.decodePrecision = .int8
        let together = try Engine(model, rows: 16).generate(requests)
        let threads = Torch.threadCount
        try Torch.setThreadCount(1)
        let alone = try requests.map { try Engine(model, rows: 2).generate([$0])[0] }
        try Torch.setThreadCount(threads)
        #expect(together.map { $0.map(\.tokens) } == alone.map { $0.map(\.tokens) })
        #expect(
            together.map { $0.map(\.logProbabilities) }
                == alone.map { $0.map(\.logProbabilities) })
        // The first token is drawn after the prompt, which is computed exactly.
        func first(_ groups: [[Completion]]) -> [Float] {
            groups.flatMap { $0.map { $0.logProbabilities[0] } }
        }
        #expect(first(together) == first(exact))
        #expect(
            together.map { $0.map(\.logProbabilities) } != exact.map { $0.map(\.logProbabilities) })
        // Against the trainer's exact log-probabilities of the same tokens.
        let distances = try zip(requests, together).flatMap { request, group in
            try group.flatMap { completion in
                try zip(
                    TinyModel.score(
                        model, prompt: request.promptTokens, completion: completion.tokens),
                    completion.logProbabilities
                ).map { abs($0 - Double($1)) }
            }
        }
        // The models are random, their distributions far from those of a trained one.
        #expect(distances.reduce(0, +) / Double(distances.count) < 0.1)
    }
}
