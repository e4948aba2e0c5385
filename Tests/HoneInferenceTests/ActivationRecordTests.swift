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
        _ model: DecoderModel, budget: Int = 64 << 20, count: Int = 3, tokens: Int = 24,
        purpose: GenerationRequest.Purpose = .training
    ) throws -> Written {
        let engine = try Engine(model, rows: count)
        let record = try #require(ActivationRecord(model: model, byteBudget: budget))
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
            known: known)
        let scored = try model.logProbabilities(
            hidden.indexSelect(0, Tensor(rows)),
            targets: Tensor(written.completions.flatMap { $0 }.map(Int.init))
        ).logProbabilities
        let slopes = (0..<rows.count).map { Float(sin(Double($0))) }
        try scored.backward(gradient: Tensor(slopes, shape: [slopes.count]))
        return Pass(
            logProbabilities: try scored.floats(),
            gradients: try model.publishedParameters(gradients: true).map {
                try $0.tensor.to(.float32).floats()
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
        _ model: DecoderModel, _ written: Written, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let isExact = model.dtype == .float32
        let known = try #require(written.record.known(places(written)))
        let plain = try pass(model, written, known: nil)
        let reused = try pass(model, written, known: known)
        for (own, other) in zip(reused.logProbabilities, plain.logProbabilities) {
            #expect(abs(own - other) < (isExact ? 2e-5 : 0.1), sourceLocation: sourceLocation)
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

    @Test func keepsNothingOfAnswersAndForgets() throws {
        let model = try TinyModel.load("llama-three")
        let answered = try write(model, purpose: .answer)
        #expect(answered.record.known(places(answered)) == nil)
        let written = try write(model)
        written.record.removeAll()
        #expect(written.record.known(places(written)) == nil)
    }

    /// Where the sampler computes otherwise than the update, nothing is kept.
    @Test func isNotForOtherSamplers() throws {
        let coded = try TinyModel.load("llama-three")
        coded.decodePrecision = .int8
        #expect(ActivationRecord(model: coded, byteBudget: 64 << 20) == nil)
        let adapted = try TinyModel.load("llama-three")
        try adapted.addAdapter(LoRAConfig(rank: 4, alpha: 8, targets: .allLinear), seed: 1)
        #expect(ActivationRecord(model: adapted, byteBudget: 64 << 20) == nil)
        let recomputing = try TinyModel.load("llama-three")
        recomputing.recomputedBlock = 1
        #expect(ActivationRecord(model: recomputing, byteBudget: 64 << 20) == nil)
    }
}
