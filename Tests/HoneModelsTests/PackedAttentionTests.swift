import TestSupport
import Testing
import Torch

@testable import HoneModels

/// Sharing a prompt and packing sequences must change nothing but the work.
@Suite struct PackedAttentionTests {
    /// Plain, windowed, soft-capped, and with length-dependent rotation.
    static let names = [
        "llama-three", "mistral-window", "gemma2-caps", "gemma3-pattern", "qwen2-tied",
    ]

    static let prompts: [[Int]] = [[11, 12, 13, 14, 15, 16, 17, 18, 19], [40, 41, 42]]
    static let branches: [[[Int]]] = [
        [[21, 22, 23, 24, 25, 26, 27, 28], [31], [33, 34, 35, 36, 37]],
        [[51, 52, 53, 54], [], [55, 56, 57, 58, 59, 60, 61, 62, 63, 64]],
    ]

    /// Hidden states and weight gradients of a loss over the branches' tokens.
    struct Outcome {
        /// For each branch, [tokens, C].
        var branches: [Tensor]
        var gradients: [NamedParameter]
    }

    /// Both prompts and all branches in one pack, each prompt once.
    func shared(_ model: DecoderModel) throws -> Outcome {
        let layout = PackedLayout(
            lengths: zip(Self.prompts, Self.branches).map { prompt, branches in
                (prompt: prompt.count, branches: branches.map(\.count))
            })
        let tokens = zip(Self.prompts, Self.branches).flatMap { $0 + $1.flatMap { $0 } }
        let hidden = try model.hiddenStates(
            tokens: Tensor(tokens), context: PackedAttention(layout: layout))
        let parts = try layout.groups.flatMap { group in
            try group.branches.map { try hidden.narrow(0, $0) }
        }
        return try outcome(model, parts)
    }

    /// Each branch behind its own copy of the prompt, as plain sequences of one pack.
    func repeated(_ model: DecoderModel) throws -> Outcome {
        let sequences = zip(Self.prompts, Self.branches).flatMap { prompt, branches in
            branches.map { (prompt.count, prompt + $0) }
        }
        let layout = PackedLayout(sequences: sequences.map(\.1.count))
        let hidden = try model.hiddenStates(
            tokens: Tensor(sequences.flatMap(\.1)), context: PackedAttention(layout: layout))
        let parts = try zip(layout.groups, sequences).map { group, sequence in
            try hidden.narrow(0, group.prompt.dropFirst(sequence.0))
        }
        return try outcome(model, parts)
    }

    /// Each branch behind its own copy of the prompt, one call for each.
    func alone(_ model: DecoderModel) throws -> Outcome {
        let parts = try zip(Self.prompts, Self.branches).flatMap { prompt, branches in
            try branches.map { branch in
                let tokens = prompt + branch
                let hidden = try model.hiddenStates(
                    tokens: Tensor(tokens),
                    context: PackedAttention(layout: PackedLayout(sequences: [tokens.count])))
                return try hidden.narrow(0, prompt.count, branch.count)
            }
        }
        return try outcome(model, parts)
    }

    func outcome(_ model: DecoderModel, _ parts: [Tensor]) throws -> Outcome {
        // Weighted by place, so that exchanged rows would show.
        let all = try Tensor.cat(parts)
        let weights = try Tensor.linspace(-1, 2, steps: all.count).reshape(all.shape)
        try (all * weights).sum().backward()
        let gradients = try model.publishedParameters(gradients: true).map {
            NamedParameter(name: $0.name, tensor: try $0.tensor.clone())
        }
        for parameter in model.trainableParameters { try parameter.tensor.setGradient(nil) }
        return Outcome(branches: parts, gradients: gradients)
    }

    @Test(arguments: names) func sharedPromptEqualsRepeatedPrompt(_ name: String) throws {
        let model = try ParityCase.named(name).model()
        model.unfreeze()
        let expected = try alone(model)
        for outcome in [try shared(model), try repeated(model)] {
            for (got, wanted) in zip(outcome.branches, expected.branches) where wanted.count > 0 {
                let distance = try relativeDistance(got, wanted)
                #expect(distance < 1e-5)
            }
            #expect(outcome.gradients.count == expected.gradients.count)
            for (got, wanted) in zip(outcome.gradients, expected.gradients) {
                let distance = try relativeDistance(got.tensor, wanted.tensor)
                #expect(distance < 1e-5, "\(got.name)")
            }
        }
    }

    /// Shapes that the kernel cuts into several blocks, chunks and partial vectors.
    struct Case: Sendable, CustomTestStringConvertible {
        var heads = 4
        var keyHeads = 2
        var width = 16
        var window: Int?
        var softCap: Double?
        var lengths: [(prompt: Int, branches: [Int])] = [(5, [3, 7, 1]), (9, [4]), (0, [6])]

        var testDescription: String {
            "\(heads)/\(keyHeads)·\(width) window \(window ?? 0) cap \(softCap ?? 0) \(lengths)"
        }
    }

    static let cases = [
        Case(), Case(window: 4), Case(softCap: 1.5), Case(window: 3, softCap: 2),
        Case(heads: 3, keyHeads: 3, width: 10), Case(heads: 6, keyHeads: 1, width: 24),
        Case(lengths: [(300, [17, 200, 140])]), Case(window: 37, lengths: [(150, [260])]),
        Case(width: 8, softCap: 3, lengths: [(130, [129, 128, 1])]),
        Case(lengths: Array(repeating: (3, [40, 44, 39, 42]), count: 30)),
    ]

    /// The result and the gradients of its product with fixed numbers.
    func attend(_ layout: PackedLayout, _ inputs: [Tensor], _ shape: Case) throws -> [Tensor] {
        for input in inputs { input.requiresGradient = true }
        let result = try PackedAttention(layout: layout).attend(
            layer: 0, query: inputs[0], key: inputs[1], value: inputs[2], scale: 0.7,
            window: shape.window, softCap: shape.softCap)
        let weights = try Tensor.randn(result.shape, seed: 9).to(result.dtype)
        try (result * weights).sum().backward()
        return try [result] + inputs.map { try #require($0.gradient) }
    }

    /// The kernel in float32 and bfloat16 against libtorch's operations in float64.
    @Test(arguments: cases) func kernelAgreesWithPlainOperations(_ shape: Case) throws {
        let layout = PackedLayout(lengths: shape.lengths)
        let inputs = try [shape.heads, shape.keyHeads, shape.keyHeads].enumerated().map {
            try Tensor.randn([layout.rowCount, $1, shape.width], seed: UInt64($0)).to(.bfloat16)
        }
        let expected = try attend(layout, inputs.map { try $0.to(.float64) }, shape)
        for (dtype, tolerance) in [(DType.float32, 2e-6), (.bfloat16, 0.02)] {
            let got = try attend(layout, inputs.map { try $0.to(dtype).clone() }, shape)
            for (name, (a, b)) in zip(["result", "query", "key", "value"], zip(got, expected)) {
                let distance = try relativeDistance(a, b)
                #expect(distance < tolerance, "\(name) in \(dtype)")
            }
        }
    }

    /// The same of projections side by side, against rotating and attending in float64.
    @Test(arguments: cases) func projectionsAgreeWithPlainOperations(_ shape: Case) throws {
        let layout = PackedLayout(lengths: shape.lengths)
        let columns = (shape.heads + 2 * shape.keyHeads) * shape.width
        let rows = try Tensor.randn([layout.rowCount, columns], seed: 5).to(.bfloat16)
        // Not all channels turn.
        let angles = try Tensor.rand([layout.rowCount, shape.width / 2 - 1], seed: 6) * 6
        let turns = RotaryEmbedding.Angles(cosine: try angles.cos(), sine: try angles.sin())
        func outcome(_ dtype: DType) throws -> [Tensor] {
            let joined = try rows.to(dtype).clone()
            joined.requiresGradient = true
            let result = try PackedAttention(layout: layout).attend(
                layer: 0,
                projections: HeadProjections(
                    joined: joined, heads: shape.heads, keyHeads: shape.keyHeads, angles: turns),
                scale: 0.7, window: shape.window, softCap: shape.softCap)
            let weights = try Tensor.randn(result.shape, seed: 9).to(result.dtype)
            try (result * weights).sum().backward()
            return [result, try #require(joined.gradient)]
        }
        let expected = try outcome(.float64)
        for (dtype, tolerance) in [(DType.float32, 2e-6), (.bfloat16, 0.02)] {
            for (name, (a, b)) in zip(["result", "gradient"], zip(try outcome(dtype), expected)) {
                let distance = try relativeDistance(a, b)
                #expect(a.shape == b.shape && distance < tolerance, "\(name) in \(dtype)")
            }
        }
    }

    @Test func layoutCountsPositionsOnFromThePrompt() {
        let layout = PackedLayout(lengths: [(prompt: 2, branches: [3, 0, 1]), (1, [])])
        #expect(layout.positions == [0, 1, 2, 3, 4, 2, 0])
        #expect(layout.rowCount == 7)
        #expect(layout.longestSequence == 5)
    }

    @Test func layoutRefusesRowsThatBelongToNoneOrTwo() {
        #expect(throws: ModelError.self) {
            try PackedLayout(groups: [.init(prompt: 0..<2), .init(prompt: 3..<5)])
        }
        #expect(throws: ModelError.self) {
            try PackedLayout(groups: [.init(prompt: 0..<3, branches: [2..<4])])
        }
    }

    /// Rows may stand in any order: here the branch comes before its prompt.
    @Test func rowsMayStandInAnyOrder() throws {
        let model = try ParityCase.named("qwen2-tied").model()
        let usual = PackedLayout(lengths: [(prompt: 3, branches: [2])])
        let turned = try PackedLayout(groups: [.init(prompt: 2..<5, branches: [0..<2])])
        try withoutGradients {
            let a = try model.hiddenStates(
                tokens: Tensor([7, 8, 9, 10, 11]), context: PackedAttention(layout: usual))
            let b = try model.hiddenStates(
                tokens: Tensor([10, 11, 7, 8, 9]), context: PackedAttention(layout: turned))
            let distance = try distance(a.narrow(0, 3, 2), b.narrow(0, 0, 2))
            #expect(distance < 1e-5)
        }
    }
}
