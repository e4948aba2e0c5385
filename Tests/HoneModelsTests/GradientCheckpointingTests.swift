import TestSupport
import Testing
import Torch

@testable import HoneModels

@Suite struct GradientCheckpointingTests {
    /// Gradients of everything that trains, after one loss over a fixture's tokens.
    private func gradients(
        _ model: DecoderModel, _ parity: ParityCase, block: Int?
    ) throws -> [String: [Float]] {
        model.recomputedBlock = block
        model.dropoutSeed = 5
        let expected = try parity.expected()
        let tokens = try expected.tensor("tokens")
        let weights = try Tensor.rand([tokens.count - 1], seed: 1)
        try model.loss(tokens: tokens, weights: weights).backward()
        var found: [String: [Float]] = [:]
        for parameter in model.trainableParameters {
            found[parameter.name] = try parameter.tensor.gradient?.floats()
            try parameter.tensor.setGradient(nil)
        }
        return found
    }

    /// Full fine-tuning (with a tied head, sliding windows, norms behind the blocks) and LoRA with
    /// dropout, in blocks of one and of more layers than there are.
    @Test(
        arguments: ["qwen2-tied", "gemma3-pattern", "phi3-short", "llama-three"],
        [DType.float32, .bfloat16])
    func gradientsAreTheSameToTheBit(_ name: String, dtype: DType) throws {
        let parity = try ParityCase.named(name)
        let model = try parity.model(dtype: dtype)
        model.unfreeze()
        let kept = try gradients(model, parity, block: nil)
        #expect(kept.count > 10)
        #expect(try gradients(model, parity, block: 1) == kept)
        #expect(try gradients(model, parity, block: 100) == kept)

        try model.addAdapter(LoRAConfig(rank: 3, alpha: 6, dropout: 0.2), seed: 2)
        let adapted = try gradients(model, parity, block: nil)
        #expect(adapted.values.contains { $0.contains { $0 != 0 } })
        #expect(try gradients(model, parity, block: 1) == adapted)
    }

    /// Resident memory between the forward and the backward pass, in a process of its own.
    ///
    /// 24 layers, 1024 rows, width 64, f32: a row of the stream is 256 KB for all rows. Kept per
    /// layer without recomputation are at least two norms' inputs, q, k, v, the heads' results and
    /// the feed-forward's [N, 2 · 256] and [N, 256]: over ten such pieces; with it, one.
    @Test func lessMemoryIsHeldForTheBackwardPass() async {
        await #expect(processExitsWith: .success) {
            let config = try GradientCheckpointingTests.deepConfig()
            let model = try DecoderModel.random(config: config, seed: 1)
            model.unfreeze()
            let tokens = try (Tensor.rand([1024], seed: 2) * 60).to(.int64)
            let context = try PackedAttention(layout: PackedLayout(sequences: [512, 512]))
            func held(_ block: Int?) throws -> Int {
                model.recomputedBlock = block
                try MemoryFigures.releaseCached(.cpu)
                let before = try #require(MemoryFigures.residentBytes)
                let hidden = try model.hiddenStates(tokens: tokens, context: context)
                try MemoryFigures.releaseCached(.cpu)
                let after = try #require(MemoryFigures.residentBytes)
                withExtendedLifetime(hidden) {}
                return after - before
            }
            _ = try held(nil)
            let kept = try held(nil)
            let recomputed = try held(1)
            #expect(kept > 24 * 8 * 256 << 10, "\(kept)")
            #expect(recomputed * 3 < kept, "\(recomputed) of \(kept)")
        }
    }

    private static func deepConfig() throws -> ModelConfig {
        var config = try ModelConfig(folder: ParityCase.named("llama-two").folder)
        config.layerCount = 24
        config.windows = Array(repeating: nil, count: 24)
        config.modelWidth = 64
        config.feedForwardWidth = 256
        config.headCount = 4
        config.keyHeadCount = 4
        config.headWidth = 16
        return config
    }
}
