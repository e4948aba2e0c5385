import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneInference
@testable import HoneModels

/// Passes that take over what decode steps gave, against passes that compute everything.
@Suite(.enabled(if: DecodeStack.supports(dtype: .float32, device: .cpu)))
struct ActivationRecordTests {
    private struct Written {
        let record: ActivationRecord
        let prompt: [Int32]
        let completions: [[Int32]]
    }

    /// Completions of a prompt, with what was kept of them within `budget` bytes.
    private func write(
        _ model: DecoderModel, budget: Int = 64 << 20,
        keeping extent: ActivationRecord.Extent = .layer,
        count: Int = 3, tokens: Int = 24, purpose: GenerationRequest.Purpose = .training
    ) throws -> Written {
        let engine = try Engine(model, rows: count)
        let record = try #require(
            ActivationRecord(model: model, byteBudget: budget, keeping: extent))
        engine.record = record
        let prompt = TinyModel.prompt(11, model: model)
        var request = TinyModel.request(
            prompt, count: count, SamplingParameters(maxTokens: tokens))
        request.purpose = purpose
        return Written(
            record: record, prompt: prompt,
            completions: try engine.generate([request])[0].map(\.tokens))
    }

    private struct Pass {
        var logProbabilities: [Float]
        /// Of every parameter.
        var gradients: [[Float]]
    }

    /// Log-probabilities of the completions behind their prompt, and the gradients of their weighted sum.
    private func pass(
        _ model: DecoderModel, _ written: Written, known: KnownActivations?
    ) throws -> Pass {
        let prompt = written.prompt
        let layout = PackedLayout(lengths: [
            (prompt.count, written.completions.map { $0.count - 1 })
        ])
        let tokens = prompt + written.completions.flatMap { $0.dropLast() }
        let rows = layout.groups[0].branches.flatMap { [prompt.count - 1] + Array($0) }
        try AdamW(model.trainableParameters.map { ($0.name, $0.tensor) }).zeroGradients()
        let hidden = try model.hiddenStates(
            tokens: Tensor(tokens.map(Int.init)), context: PackedAttention(layout: layout),
            known: known, rows: rows)
        let scored = try model.logProbabilities(
            hidden, targets: Tensor(written.completions.flatMap { $0 }.map(Int.init))
        ).logProbabilities
        let slopes = (0..<rows.count).map { Float(sin(Double($0))) }
        try scored.backward(gradient: Tensor(slopes, shape: [slopes.count]))
        return Pass(
            logProbabilities: try scored.floats(),
            gradients: try model.trainableParameters.map {
                try #require($0.tensor.gradient).to(.float32).floats()
            })
    }

    /// Of the prompt and behind it the completions, as ``pass(_:_:known:)`` lays them.
    private func places(_ written: Written) -> [Int32] {
        let count = written.prompt.count
        let sequences = written.completions.map { completion in
            let kept = written.record.places(prompt: written.prompt, completion: completion) ?? []
            return kept + Array(repeating: -1, count: count + completion.count - 1 - kept.count)
        }
        return sequences[0].prefix(count) + sequences.flatMap { $0.dropFirst(count) }
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Float {
        let square = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let whole = b.reduce(Float(0)) { $0 + $1 * $1 }
        return (square / max(whole, 1e-12)).squareRoot()
    }

    /// The norms of the differences, relative to those of the gradients themselves: rounding alone is left.
    private func expectTwins(
        _ model: DecoderModel, _ written: Written, places rows: [Int32]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let isExact = model.dtype == .float32
        let known = try #require(try written.record.known(rows ?? places(written)))
        let plain = try pass(model, written, known: nil)
        let reused = try pass(model, written, known: known)
        let apart = zip(reused.logProbabilities, plain.logProbabilities).map { abs($0 - $1) }
        // The mean is held to what an update demands of the rows that it takes over.
        let mean = apart.reduce(0, +) / Float(apart.count)
        #expect(mean < (isExact ? 1e-5 : 0.02), sourceLocation: sourceLocation)
        for own in apart {
            #expect(own < (isExact ? 2e-5 : 0.25), sourceLocation: sourceLocation)
        }
        for (own, other) in zip(reused.gradients, plain.gradients) {
            #expect(
                distance(own, other) < (isExact ? 1e-4 : 0.1), sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: TinyModel.names, [DType.float32, .bfloat16])
    func givesTheGradientsOfAWholePass(name: String, dtype: DType) throws {
        let model = try TinyModel.load(name, dtype: dtype)
        let written = try write(model)
        #expect(places(written).allSatisfy { $0 >= 0 })
        model.unfreeze()
        try expectTwins(model, written)
    }

    /// A model whose adapter adds something: both matrices of each pair are noise.
    private func adapted(
        _ name: String, _ dtype: DType = .float32, rank: Int = 4,
        on targets: LoRAConfig.Targets = .allLinear
    ) throws -> DecoderModel {
        let model = try TinyModel.load(name, dtype: dtype)
        try model.addAdapter(LoRAConfig(rank: rank, alpha: 8, targets: targets), seed: 5)
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index)) * 0.1
                try parameter.tensor.copy_(noise)
            }
        }
        return model
    }

    /// The gradients of both matrices of every pair, the rest of the model frozen.
    @Test(arguments: TinyModel.names, [DType.float32, .bfloat16])
    func givesTheGradientsOfAdapters(name: String, dtype: DType) throws {
        let model = try adapted(name, dtype)
        let written = try write(model)
        #expect(places(written).allSatisfy { $0 >= 0 })
        try expectTwins(model, written)
    }

    /// Of every layer only the feed-forward block is known, of all rows and of some.
    @Test(arguments: TinyModel.names, [DType.float32, .bfloat16])
    func takesOverFeedForwardBlocks(name: String, dtype: DType) throws {
        for model in try [adapted(name, dtype), TinyModel.load(name, dtype: dtype)] {
            let written = try write(model, keeping: .feedForward)
            if model.adapterConfig == nil { model.unfreeze() }
            let all = places(written)
            #expect(all.allSatisfy { $0 >= 0 })
            try expectTwins(model, written)
            try expectTwins(model, written, places: all.enumerated().map { $0 % 3 == 1 ? -1 : $1 })
            let whole = try write(model)
            #expect(written.record.blockBytes < whole.record.blockBytes)
            #expect(written.record.weightCount < whole.record.weightCount)
            // What is known is used, and nothing else is there.
            for layer in written.record.blocks.joined() {
                #expect(layer.queryKeyValue == nil && layer.attentionOutput == nil)
                #expect(layer.attended == nil && layer.logSums == nil)
                try layer.down.zero_()
            }
            let emptied = try pass(model, written, known: written.record.known(all))
            let plain = try pass(model, written, known: nil)
            #expect(distance(emptied.logProbabilities, plain.logProbabilities) > 1e-3)
        }
    }

    /// Layers without an adapter stand between those that have one: whole blocks, one half of a block, one
    /// part of a joined matrix.
    @Test(
        arguments: [["q_proj", "v_proj"], ["up_proj"], ["down_proj"], ["o_proj", "gate_proj"]],
        [DType.float32, .bfloat16])
    func servesAdaptersOnSomeLayers(targets: [String], dtype: DType) throws {
        for name in ["qwen2-window", "gemma2-caps"] {
            let model = try adapted(name, dtype, on: .names(targets))
            // Of few tokens the mean lies far from that of many.
            try expectTwins(model, write(model, count: 12))
        }
    }

    /// Odd ranks, which decode steps in bf16 compute layer by layer.
    @Test func keepsWhatSingleLayersGive() throws {
        let model = try adapted("llama-three", .bfloat16, rank: 3)
        let written = try write(model)
        #expect(places(written).allSatisfy { $0 >= 0 })
        try expectTwins(model, written)
    }

    /// Every third row is unknown and is computed with its adapters.
    @Test(arguments: TinyModel.names, [DType.float32, .bfloat16])
    func computesUnknownRowsWithAdapters(name: String, dtype: DType) throws {
        let model = try adapted(name, dtype)
        let written = try write(model)
        let some = places(written).enumerated().map { $0 % 3 == 1 ? -1 : $1 }
        try expectTwins(model, written, places: some)
        // The adapters count: without them the same rows give something else.
        let known = try #require(try written.record.known(places(written)))
        let own = try pass(model, written, known: known)
        model.adapterEnabled = false
        let base = try withoutGradients {
            try TinyModel.score(
                model, prompt: written.prompt, completion: written.completions[0])
        }
        let apart = zip(own.logProbabilities, base).map { abs(Double($0) - $1) }
        #expect(try #require(apart.max()) > 0.05)
    }

    /// Steps whose columns two threads share.
    @Test func keepsWhatBothThreadsGive() throws {
        let before = Torch.threadCount
        try Torch.setThreadCount(2)
        defer { try? Torch.setThreadCount(before) }
        let model = try TinyModel.load("gemma2-caps")
        let written = try write(model, count: 70, tokens: 8)
        #expect(places(written).allSatisfy { $0 >= 0 })
        model.unfreeze()
        try expectTwins(model, written)
    }

    /// Rows of more than one block; those beyond the budget are computed.
    @Test func computesWhatDidNotFit() throws {
        let model = try TinyModel.load("qwen2-window")
        // One block has 256 rows; the prompt needs 11 and three completions some 350.
        let all = try write(model, tokens: 120)
        let bytes = all.record.blockBytes
        let written = try write(model, budget: bytes, tokens: 120)
        // After the prompt 81 whole steps of three rows fit.
        let rows = written.completions.reduce(0) { $0 + $1.count - 1 }
        #expect(places(written).filter { $0 < 0 }.count == rows - 243)
        #expect(rows > 256)
        model.unfreeze()
        try expectTwins(model, written)
        try expectTwins(model, all)
        #expect(ActivationRecord(model: model, byteBudget: bytes - 1) == nil)
    }

    /// The known rows are used as they are: with another token's the result is another.
    @Test func readsWhatIsThere() throws {
        let model = try TinyModel.load("llama-three")
        let written = try write(model)
        model.unfreeze()
        let plain = try pass(model, written, known: nil)
        var swapped = places(written)
        swapped.swapAt(written.prompt.count + 2, written.prompt.count + 9)
        let wrong = try pass(model, written, known: written.record.known(swapped))
        #expect(distance(wrong.logProbabilities, plain.logProbabilities) > 1e-3)
    }

    /// Attention's results are taken over as well, but not those whose sums are unknown, nor any of a completion
    /// that is not known whole.
    @Test(arguments: [DType.float32, .bfloat16])
    func takesOverAttention(dtype: DType) throws {
        let model = try TinyModel.load("llama-three", dtype: dtype)
        let written = try write(model)
        model.unfreeze()
        for layer in written.record.blocks.joined() { try #require(layer.attended).zero_() }
        let known = try #require(try written.record.known(places(written)))
        let plain = try pass(model, written, known: nil)
        let emptied = try pass(model, written, known: known)
        // The products behind it are known too, so that only gradients tell.
        #expect(distance(emptied.gradients[0], plain.gradients[0]) > 0.1)
        let some = places(written).enumerated().map { $0 % 5 == 1 ? -1 : $1 }
        try expectTwins(model, written, places: some)
        for layer in written.record.blocks.joined() { try #require(layer.logSums).fill_(Float.nan) }
        try expectTwins(model, written)
    }

    @Test func keepsNoAttentionOfHeadsWithNorms() throws {
        for name in TinyModel.names {
            let model = try TinyModel.load(name)
            let layers = try write(model).record.blocks.joined()
            #expect(layers.allSatisfy { ($0.attended != nil) == !model.config.normalizesHeads })
        }
    }

    @Test func keepsNothingOfAnswersAndForgets() throws {
        let model = try TinyModel.load("llama-three")
        let answered = try write(model, purpose: .answer)
        #expect(try answered.record.known(places(answered)) == nil)
        let written = try write(model)
        written.record.removeAll()
        #expect(try written.record.known(places(written)) == nil)
    }

    /// The included model, 128 wide, multiplies 38 times for a byte in f32 and 76 times in bf16.
    @Test func asksForMemoryWhereThatSavesTime() throws {
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        func record(
            _ dtype: DType, machine: Int
        ) throws -> ActivationRecord? {
            let model = try DecoderModel.load(
                folder: root.appending(path: "Pretrained/countdown-tiny"), dtype: dtype)
            model.unfreeze()
            return ActivationRecord.standard(for: model, machineBytes: machine)
        }
        func bytes(_ record: ActivationRecord) -> Int { record.byteCount(ofRows: 1 << 40) }
        #expect(try record(.float32, machine: 64 << 30) == nil)
        let whole = try #require(try record(.bfloat16, machine: 8 << 30))
        #expect(bytes(whole) <= 3 << 30 && bytes(whole) > 3 << 30 - whole.blockBytes)
        // Where a large step would not fit, less is kept of each row.
        let block = try #require(try record(.bfloat16, machine: 1 << 30))
        #expect(bytes(block) <= 384 << 20 && bytes(block) > 384 << 20 - block.blockBytes)
        #expect(block.blockBytes < whole.blockBytes)
        // What training leaves is less than three eighths of the machine, at last nothing.
        let scarce = try #require(try record(.bfloat16, machine: 40 << 20))
        #expect(bytes(scarce) < 12 << 20)
        #expect(try record(.bfloat16, machine: 16 << 20) == nil)
    }

    /// Where the sampler computes otherwise than the update, nothing is kept.
    @Test func isNotForOtherSamplers() throws {
        let rounding = try TinyModel.load("llama-three")
        rounding.decodePrecision = .int8
        #expect(ActivationRecord(model: rounding, byteBudget: 64 << 20) == nil)
        let dropping = try TinyModel.load("llama-three")
        try dropping.addAdapter(LoRAConfig(rank: 4, alpha: 8, dropout: 0.1), seed: 1)
        #expect(ActivationRecord(model: dropping, byteBudget: 64 << 20) == nil)
        let coded = try DecoderModel.load(
            folder: Fixtures.url("models/llama-three"), dtype: .float32, quantization: .nf4)
        try coded.addAdapter(LoRAConfig(rank: 4, alpha: 8), seed: 1)
        #expect(ActivationRecord(model: coded, byteBudget: 64 << 20) == nil)
        let recomputing = try TinyModel.load("llama-three")
        recomputing.recomputedBlock = 1
        #expect(ActivationRecord(model: recomputing, byteBudget: 64 << 20) == nil)
    }
}
