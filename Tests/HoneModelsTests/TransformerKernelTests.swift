import Foundation
import Testing
import Torch

@testable import HoneModels

/// The kernels between matrix products, in float32 and bfloat16 on odd sizes, against the same
/// mathematics of libtorch's operations in float64.
@Suite struct TransformerKernelTests {
    /// The result of `body` and the gradients, by each input, of its product with fixed numbers.
    func outcome(
        _ inputs: [Tensor], _ dtype: DType, _ body: ([Tensor]) throws -> Tensor
    ) throws -> [Tensor] {
        let inputs = try inputs.map { try $0.to(dtype).clone() }
        for input in inputs { input.requiresGradient = true }
        let result = try body(inputs)
        let weights = try Tensor.randn(result.shape, seed: 99).to(.bfloat16).to(result.dtype)
        try (result * weights).sum().backward()
        return try [result] + inputs.map { try #require($0.gradient) }
    }

    /// Numbers that bfloat16 holds exactly.
    func numbers(_ shape: [Int], _ seed: UInt64) throws -> Tensor {
        try Tensor.randn(shape, seed: seed).to(.bfloat16)
    }

    typealias Bound = (dtype: DType, tolerance: Double)

    /// Types that the kernels compute in.
    static let kernels: [Bound] = [(.float32, 2e-6), (.bfloat16, 0.01)]
    /// The same mathematics by tensor operators, which float64 takes on the CPU and every type on other
    /// devices. Adapters' gradients are float32 there too.
    static let operators: Bound = (.float64, 1e-6)

    func compare(
        _ inputs: [Tensor], with expected: [Tensor],
        in bounds: [Bound] = kernels + [operators],
        _ body: ([Tensor]) throws -> Tensor
    ) throws {
        for (dtype, tolerance) in bounds {
            for (index, (a, b)) in zip(try outcome(inputs, dtype, body), expected).enumerated() {
                let distance = try relativeDistance(a, b)
                #expect(a.shape == b.shape && distance < tolerance, "\(index) in \(dtype)")
            }
        }
    }

    @Test(arguments: [5, 16, 100], [0.0, 1.0]) func normAgrees(_ width: Int, _ offset: Double)
        throws
    {
        let inputs = [try numbers([70, width], 1), try numbers([width], 2)]
        let expected = try outcome(inputs, .float64) { x in
            let inverse = try (x[0].square().mean(-1, keepAxes: true) + 1e-6).rsqrt()
            return try x[0] * inverse * (x[1] + offset)
        }
        try compare(inputs, with: expected) {
            try Kernels.norm($0[0], weight: $0[1], epsilon: 1e-6, offset: offset)
        }
    }

    /// Rows before, between and behind those that are selected have no gradient; those that stand in several
    /// places have a sum. In float64 libtorch's operator selects.
    @Test(arguments: [
        [0, 1, 69], [3], [5, 2, 5, 0, 69, 5], Array(stride(from: 1, to: 70, by: 2)),
    ])
    func rowsAreSelected(_ rows: [Int]) throws {
        let inputs = [try numbers([70, 21], 1)]
        let expected = try outcome(inputs, .float64) { try $0[0].indexSelect(0, Tensor(rows)) }
        try compare(inputs, with: expected) { try $0[0].indexSelect(0, Tensor(rows)) }
    }

    @Test func numbersOfRowsMayLieApart() throws {
        let inputs = [try numbers([70, 21], 1)]
        let apart = try Tensor([4, 60, 4, 61, 0, 62], shape: [3, 2]).narrow(1, 0, 1).squeeze(1)
        let expected = try outcome(inputs, .float64) { try $0[0].indexSelect(0, apart) }
        try compare(inputs, with: expected) { try $0[0].indexSelect(0, apart) }
    }

    @Test(arguments: [[70], [3, -1]]) func rowsThatAreNotThereAreRefused(_ rows: [Int]) throws {
        let x = try numbers([70, 21], 1)
        #expect(throws: TorchError.self) { try x.indexSelect(0, Tensor(rows)) }
    }

    /// A sum of bf16 that is rounded after each addition stops at 256, where 1 is half a step.
    @Test func gradientOfARowIsRoundedOnce() throws {
        let table = try Tensor.zeros([3, 16], dtype: .bfloat16)
        table.requiresGradient = true
        let tokens = try Tensor([Int](repeating: 2, count: 1000) + [0])
        let rows = try table.embedding(tokens)
        try rows.backward(gradient: Tensor.ones([1001, 16], dtype: .bfloat16))
        let gradient = try #require(table.gradient).to(.float32)
        #expect(try gradient.narrow(1, 0, 1).floats() == [1, 0, 1000])
    }

    /// A gradient comes to the norm, and to the sum or not.
    @Test(arguments: [0.0, 1]) func normOfASumAgrees(_ share: Double) throws {
        let inputs = [
            try numbers([70, 37], 1), try numbers([70, 37], 2), try numbers([37], 3),
        ]
        let expected = try outcome(inputs, .float64) { x in
            // The kernel rounds the sum to the inputs' type; here it has room for all digits.
            let sum = try x[0] + x[1]
            let inverse = try (sum.square().mean(-1, keepAxes: true) + 1e-6).rsqrt()
            return try sum * share + sum * inverse * (x[2] + 1)
        }
        try compare(inputs, with: expected) { x in
            let both = try Kernels.norm(
                adding: x[1], to: x[0], weight: x[2], epsilon: 1e-6, offset: 1)
            return try share == 0 ? both.norm : both.sum + both.norm
        }
    }

    /// As query heads are normalised: a view into the rows of a joined product.
    @Test func normTakesViews() throws {
        let inputs = [try numbers([9, 40], 1), try numbers([8], 2)]
        let expected = try outcome(inputs, .float64) { x in
            let heads = try x[0].narrow(1, 8, 24).reshape(9, 3, 8)
            let inverse = try (heads.square().mean(-1, keepAxes: true) + 1e-6).rsqrt()
            return try heads * inverse * x[1]
        }
        try compare(inputs, with: expected) {
            try Kernels.norm(
                $0[0].narrow(1, 8, 24).reshape(9, 3, 8), weight: $0[1], epsilon: 1e-6)
        }
    }

    @Test(arguments: [2, 12, 32, 34]) func rotationAgrees(_ turning: Int) throws {
        let inputs = [try numbers([40, 3, 34], 1)]
        let angles = try Tensor.rand([40, turning / 2], seed: 3) * 6
        let (cosine, sine) = (try angles.cos(), try angles.sin())
        let expected = try outcome(inputs, .float64) { x in
            let half = turning / 2
            let (a, b) = (try x[0].narrow(2, 0, half), try x[0].narrow(2, half, half))
            let c = try cosine.to(.float64).unsqueeze(1)
            let s = try sine.to(.float64).unsqueeze(1)
            let rest = try x[0].narrow(2, turning, 34 - turning)
            return try Tensor.cat([a * c - b * s, b * c + a * s, rest], 2)
        }
        try compare(inputs, with: expected) {
            try Kernels.rotate($0[0], cosine: cosine, sine: sine)
        }
    }

    @Test(arguments: [Kernels.GateActivation.silu, .geluTanh])
    func gateAgrees(_ activation: Kernels.GateActivation) throws {
        // Also far out, where the exponential is at its bounds.
        let inputs = [try numbers([33, 74], 1) * 3, try numbers([33, 74], 2) * 60]
        for input in inputs {
            let input = try input.to(.bfloat16)
            let expected = try outcome([input], .float64) { x in
                let gate = try x[0].narrow(1, 0, 37)
                let bent = try activation == .silu ? gate.silu() : gate.gelu(.tanh)
                return try bent * x[0].narrow(1, 37, 37)
            }
            try compare([input], with: expected) { try Kernels.gate($0[0], activation) }
        }
    }

    /// Nothing but the rounding of the result and 1e-5 of it may be lost, wherever the exponential is.
    @Test(arguments: Kernels.InstructionSet.allCases)
    func gateInBFloat16IsAsExactAsItsResult(set: Kernels.InstructionSet) throws {
        let before = Kernels.limitInstructionSet(set)
        defer { _ = Kernels.limitInstructionSet(before) }
        let given = stride(from: Float(-80), through: 80, by: 0.0625).map { $0 }
        let gate = try Tensor(given, shape: [1, given.count]).to(.bfloat16)
        var worst = 0.0
        for factor in stride(from: Float(1), to: 2, by: 1 / 32) {
            let up = try Tensor.full([1, given.count], factor).to(.bfloat16)
            let found = try Kernels.gate(Tensor.cat([gate, up], 1), .silu).floats()
            for (x, value) in zip(try gate.floats(), found) where x != 0 {
                let exact = Double(x) * Double(factor) / (1 + exp(-Double(x)))
                let half = exp2(floor(log2(abs(exact))) - 8)
                worst = max(worst, (abs(Double(value) - exact) - half) / abs(exact))
            }
        }
        #expect(worst <= 1e-5)
    }

    /// Rows and channels that fill no tile, more than one panel of columns.
    @Test(arguments: [Kernels.GateActivation.silu, .geluTanh])
    func gatedLayerAgrees(_ activation: Kernels.GateActivation) throws {
        let inputs = [
            try numbers([77, 22], 1), try numbers([96, 22], 2), try numbers([22, 48], 3),
        ]
        guard Kernels.supportsGatedLayer(gateUp: inputs[1], down: inputs[2]) else { return }
        let expected = try outcome(inputs, .float64) { x in
            let joined = try x[0].linear(x[1])
            let gate = try joined.narrow(1, 0, 48)
            let bent = try activation == .silu ? gate.silu() : gate.gelu(.tanh)
            return try (bent * joined.narrow(1, 48, 48)).linear(x[2])
        }
        // Other types and devices take separate steps.
        try compare(inputs, with: expected, in: Self.kernels) {
            try Kernels.gatedLayer($0[0], gateUp: $0[1], down: $0[2], activation: activation)
        }
        // In bfloat16 it rounds where separate steps round.
        let separate = try outcome(inputs, .bfloat16) { x in
            try Kernels.gate(x[0].linear(x[1]), activation).linear(x[2])
        }
        let joined = try outcome(inputs, .bfloat16) {
            try Kernels.gatedLayer($0[0], gateUp: $0[1], down: $0[2], activation: activation)
        }
        for (a, b) in zip(joined, separate) {
            let distance = try relativeDistance(a, b)
            #expect(distance == 0)
        }
    }

    @Test(arguments: [0.0, 0.25]) func adaptedLinearAgrees(_ dropout: Double) throws {
        // Two adapters on a matrix of 20 rows; rows 7 to 11 have none.
        let shapes = [[30, 18], [4, 18], [7, 4], [2, 18], [8, 2]]
        let inputs = try shapes.enumerated().map { try numbers($1, UInt64($0)) }
        let weight = try numbers([20, 18], 7)
        let bias = try numbers([20], 8)
        let ones = try Tensor.ones([30, 18])
        let masks = try [UInt64(5), 1 << 40].map {
            try Kernels.dropped(ones, dropout, seed: $0).to(.float64)
        }
        let expected = try outcome(inputs, .float64) { x in
            func part(_ mask: Tensor, _ down: Tensor, _ up: Tensor, _ scale: Double) throws
                -> Tensor
            {
                try (x[0] * mask).linear(down).linear(up) * scale
            }
            let added = try Tensor.cat(
                [
                    part(masks[0], x[1], x[2], 1.5), Tensor.zeros([30, 5], dtype: .float64),
                    part(masks[1], x[3], x[4], 0.5),
                ], 1)
            return try x[0].linear(weight.to(.float64), bias: bias.to(.float64)) + added
        }
        try compare(inputs, with: expected) { x in
            try Kernels.adaptedLinear(
                x[0], weight: weight.to(x[0].dtype), bias: bias.to(x[0].dtype),
                additions: [
                    .init(
                        down: x[1], up: x[2], firstRow: 0, scale: 1.5, dropout: dropout, seed: 5),
                    .init(
                        down: x[3], up: x[4], firstRow: 12, scale: 0.5, dropout: dropout,
                        seed: 1 << 40),
                ])
        }
    }

    /// The block against its steps, which share its arithmetic: the same values and gradients to the bit.
    @Test(arguments: [DType.float32, .bfloat16], [0.0, 0.25])
    func adaptedFeedForwardIsItsSteps(dtype: DType, dropout: Double) throws {
        // Inputs; A and B of gate and of up; A and B of the last layer.
        let shapes = [[30, 18], [4, 18], [24, 4], [2, 18], [24, 2], [3, 24], [18, 3]]
        let inputs = try shapes.enumerated().map { try numbers($1, UInt64($0)) }
        let wide = try numbers([48, 18], 7).to(dtype)
        let (bias, narrow) = (try numbers([48], 8).to(dtype), try numbers([18, 24], 9).to(dtype))
        func additions(_ x: [Tensor]) -> (
            first: [Kernels.LowRankAddition], last: [Kernels.LowRankAddition]
        ) {
            (
                first: [
                    .init(down: x[1], up: x[2], firstRow: 0, scale: 1.5, dropout: dropout, seed: 5),
                    .init(
                        down: x[3], up: x[4], firstRow: 24, scale: 0.5, dropout: dropout, seed: 6),
                ],
                last: [
                    .init(down: x[5], up: x[6], firstRow: 0, scale: 2, dropout: dropout, seed: 7)
                ]
            )
        }
        let steps = try outcome(inputs, dtype) { x in
            let added = additions(x)
            let joined = try Kernels.adaptedLinear(
                x[0], weight: wide, bias: bias, additions: added.first)
            return try Kernels.adaptedLinear(
                Kernels.gate(joined, .silu), weight: narrow, bias: nil, additions: added.last)
        }
        let block = try outcome(inputs, dtype) { x in
            let added = additions(x)
            return try Kernels.adaptedFeedForward(
                x[0], gateUp: .init(weight: wide, bias: bias, additions: added.first),
                down: .init(weight: narrow, bias: nil, additions: added.last), activation: .silu)
        }
        for (a, b) in zip(block, steps) {
            #expect(try relativeDistance(a, b) == 0)
        }
    }

    @Test func dropoutKeepsTheShareAndTheMean() throws {
        let ones = try Tensor.ones([1000, 100])
        let dropped = try Kernels.dropped(ones, 0.3, seed: 11)
        // 100,000 draws: the share's deviation is √(0.21 / 10⁵) = 0.0015; five of them.
        let share = try dropped.equal(0.0).to(.float32).mean().item()
        #expect(abs(share - 0.3) < 0.0075)
        #expect(try dropped.amax().item() == Double(Float(1 / 0.7)))
        let other = try Kernels.dropped(ones, 0.3, seed: 12)
        // Independent masks agree in 0.3² + 0.7² = 0.58 of the places.
        let same = try other.equal(dropped).to(.float32).mean().item()
        #expect(abs(same - 0.58) < 0.008)
    }
}
