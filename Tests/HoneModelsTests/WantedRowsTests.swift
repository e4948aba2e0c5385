import TestSupport
import Testing
import Torch

@testable import HoneModels

/// Asking for some rows, against computing all and leaving out the others.
@Suite struct WantedRowsTests {
    /// Two groups; a branch's first token is predicted by the last row of its prompt.
    private static let layout = PackedLayout(lengths: [(5, [3, 4]), (2, [1])])
    private static let asked = [4, 5, 6, 4, 8, 9, 10, 13, 14]

    private struct Outcome {
        var hidden: Tensor
        var gradients: [[Float]]
    }

    private func outcome(_ model: DecoderModel, rows: [Int], late: Bool) throws -> Outcome {
        let tokens = try Tensor((0..<Self.layout.rowCount).map { 3 + $0 * 5 % 17 })
        let context = try PackedAttention(layout: Self.layout)
        let hidden =
            late
            ? try model.hiddenStates(tokens: tokens, context: context)
                .indexSelect(0, Tensor(rows))
            : try model.hiddenStates(tokens: tokens, context: context, rows: rows)
        let weights = try Tensor.randn(hidden.shape, seed: 4).to(hidden.dtype)
        try (hidden * weights).sum().backward()
        defer {
            for parameter in model.trainableParameters { try? parameter.tensor.setGradient(nil) }
        }
        return Outcome(
            hidden: hidden,
            gradients: try model.trainableParameters.map {
                try $0.tensor.gradient?.to(.float32).floats() ?? []
            })
    }

    private func expectTwins(_ model: DecoderModel, rows: [Int] = asked) throws {
        let expected = try outcome(model, rows: rows, late: true)
        let found = try outcome(model, rows: rows, late: false)
        #expect(found.hidden.shape == expected.hidden.shape)
        let apart = try distance(found.hidden, expected.hidden)
        #expect(apart < 1e-5)
        #expect(expected.gradients.contains { $0.contains { $0 != 0 } })
        for (own, other) in zip(found.gradients, expected.gradients) {
            #expect(own.count == other.count)
            let most = other.reduce(1e-3) { max($0, abs($1)) }
            for (a, b) in zip(own, other) { #expect(abs(a - b) < 1e-4 * most) }
        }
    }

    /// Every family: norms behind the blocks, head norms, biases, windows.
    @Test(arguments: ParityCase.all) func givesWhatAllRowsGive(_ parity: ParityCase) throws {
        let model = try parity.model()
        model.unfreeze()
        try expectTwins(model)
    }

    @Test(arguments: [[14], [9, 0, 9], Array(0..<Self.layout.rowCount)])
    func rowsComeInTheOrderAskedFor(rows: [Int]) throws {
        let model = try ParityCase.named("qwen2-tied").model()
        model.unfreeze()
        try expectTwins(model, rows: rows)
    }

    @Test func holdsForAdaptersAndRecomputedBlocks() throws {
        let model = try ParityCase.named("gemma3-pattern").model()
        try model.addAdapter(LoRAConfig(rank: 3, alpha: 6), seed: 2)
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                try parameter.tensor.copy_(
                    Tensor.randn(parameter.tensor.shape, seed: UInt64(index)) * 0.1)
            }
        }
        try expectTwins(model)
        model.recomputedBlock = 2
        try expectTwins(model)
    }
}
