import TestSupport
import Testing
import Torch

/// `Tensor.linear`, which on some processors is computed by matrix products of our own.
@Suite struct LinearTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rows: [Int]
        var inner: Int
        var columns: Int
        var dtype = DType.float32

        var testDescription: String { "\(dtype) \(rows) × \(inner) → \(columns)" }
    }

    /// Shapes around the edges of vectors (16), blocks (64), panels (32 columns, 1024 words), and of the slabs
    /// (48) and parts (2048 words) of a weight's gradient.
    static let cases: [Case] = [DType.float32, .bfloat16].flatMap { dtype in
        [
            Case(rows: [1], inner: 2, columns: 1, dtype: dtype),
            Case(rows: [3], inner: 7, columns: 5, dtype: dtype),
            Case(rows: [2, 8], inner: 64, columns: 48, dtype: dtype),
            Case(rows: [17], inner: 66, columns: 97, dtype: dtype),
            Case(rows: [33], inner: 130, columns: 31, dtype: dtype),
            Case(rows: [49], inner: 34, columns: 64, dtype: dtype),
            Case(rows: [64], inner: 32, columns: 12, dtype: dtype),
            Case(rows: [65], inner: 32, columns: 33, dtype: dtype),
            Case(rows: [130], inner: 2100, columns: 16, dtype: dtype),
            Case(rows: [3, 50], inner: 48, columns: 130, dtype: dtype),
            Case(rows: [1100], inner: 6, columns: 8, dtype: dtype),
            Case(rows: [4151], inner: 70, columns: 110, dtype: dtype),
        ]
    }

    static func run(
        _ c: Case, as dtype: DType
    ) throws -> (result: Tensor, gradients: [Tensor]) {
        // Inputs of one size, rounded to the case's type first so that both runs start equal.
        func input(_ shape: [Int], _ seed: UInt64, _ scale: Double) throws -> Tensor {
            let values = try (Tensor.randn(shape, seed: seed) * scale).to(c.dtype).to(dtype).clone()
            values.requiresGradient = true
            return values
        }
        let x = try input(c.rows + [c.inner], 1, 1)
        let weight = try input([c.columns, c.inner], 2, 1 / Double(c.inner).squareRoot())
        let bias = try input([c.columns], 3, 1)
        let result = try x.linear(weight, bias: bias)
        let seed = try Tensor.randn(result.shape, seed: 4).to(c.dtype).to(dtype)
        try result.backward(gradient: seed)
        return (try result.detached(), [x, weight, bias].compactMap(\.gradient))
    }

    /// A second pass adds to the weight's gradient; gradients asked for by name leave it alone.
    @Test(arguments: [DType.float32, .bfloat16])
    func gradientsOfSeveralPassesAddUp(_ dtype: DType) throws {
        let weight = try Tensor.randn([40, 36], seed: 1).to(dtype).clone()
        weight.requiresGradient = true
        let inputs = try (2...3).map { try Tensor.randn([70, 36], seed: UInt64($0)).to(dtype) }
        let seed = try Tensor.randn([70, 40], seed: 4).to(dtype)
        let parts = try inputs.map { x in
            let result = try x.linear(weight)
            return try #require(
                Tensor.gradients(of: [result], weightedBy: [seed], withRespectTo: [weight])[0])
        }
        #expect(weight.gradient == nil)
        for x in inputs { try x.linear(weight).backward(gradient: seed) }
        let sum = try #require(weight.gradient)
        let expected = try parts[0].to(.float64) + parts[1].to(.float64)
        let distance = try relativeError(sum, expected)
        #expect(distance < (dtype == .float32 ? 1e-6 : 4e-3))
        _ = try Tensor.gradients(
            of: [inputs[0].linear(weight)], weightedBy: [seed], withRespectTo: [weight])
        let after = try relativeError(#require(weight.gradient), sum.to(.float64))
        #expect(after == 0)
    }

    @Test(arguments: cases)
    func agreesWithDoublePrecision(_ c: Case) throws {
        let expected = try Self.run(c, as: .float64)
        let actual = try Self.run(c, as: c.dtype)
        // f32 sums of up to 4,151 terms; bf16 results are rounded to 8 bits once.
        let tolerance = c.dtype == .float32 ? 3e-6 : 4e-3
        #expect(actual.result.dtype == c.dtype)
        #expect(actual.result.shape == c.rows + [c.columns])
        #expect(try relativeError(actual.result, expected.result) < tolerance)
        #expect(actual.gradients.count == 3)
        for (a, e) in zip(actual.gradients, expected.gradients) {
            #expect(a.shape == e.shape && a.dtype == c.dtype)
            #expect(try relativeError(a, e) < tolerance)
        }
    }

    /// Few rows and many take different paths (up to 64, above, and above 1024 words in parts); each
    /// element is one sum in the same order on all of them.
    /// libtorch, where it computes the products, promises no such thing.
    @Test(
        .enabled(if: Kernels.hasOwnProducts), arguments: [DType.float32, .bfloat16], [48, 2100])
    func aRowsResultDoesNotDependOnItsBatch(_ dtype: DType, _ inner: Int) throws {
        let x = try Tensor.randn([200, inner], seed: 1).to(dtype)
        let weight = try Tensor.randn([70, inner], seed: 2).to(dtype)
        let all = try x.linear(weight)
        for rows in [0..<1, 0..<5, 7..<8, 3..<67, 100..<165, 199..<200] {
            let part = try x.narrow(0, rows).linear(weight)
            #expect(try part.floats() == all.narrow(0, rows).floats(), "rows \(rows)")
        }
    }

    /// Passes without gradients keep the joined adapters; a change of one in place must be seen.
    /// Where products are ours, a row's result has the same bits among any number of rows, and on any
    /// number of threads. The shapes cross a block of rows, a panel of columns and, in f32, of words.
    @Test(.enabled(if: Kernels.hasOwnProducts), arguments: [DType.float32, .bfloat16])
    func aRowDependsOnNoOther(dtype: DType) throws {
        let x = try Tensor.randn([140, 1100], seed: 1).to(dtype)
        let weight = try Tensor.randn([97, 1100], seed: 2).to(dtype)
        let bias = try Tensor.randn([97], seed: 3).to(dtype)
        let all = try x.linear(weight, bias: bias).to(.float32)
        let threads = Torch.threadCount
        for (first, count) in [(0, 1), (7, 5), (30, 17), (3, 33), (60, 49), (9, 64), (1, 65)] {
            try Torch.setThreadCount(count % 2 + 1)
            let some = try x.narrow(0, first, count).linear(weight, bias: bias).to(.float32)
            #expect(try some.floats() == all.narrow(0, first, count).clone().floats())
        }
        try Torch.setThreadCount(threads)
    }

    @Test func anAdapterThatChangesIsJoinedAnew() throws {
        let x = try Tensor.randn([6, 32], seed: 1).to(.bfloat16)
        let weight = try Tensor.randn([24, 32], seed: 2).to(.bfloat16)
        let down = try Tensor.randn([4, 32], seed: 3)
        let up = try Tensor.zeros([16, 4])
        func result() throws -> Tensor {
            try Kernels.adaptedLinear(
                x, weight: weight, bias: nil,
                additions: [
                    Kernels.LowRankAddition(down: down, up: up, firstRow: 8, scale: 0.5)
                ])
        }
        let base = try x.linear(weight)
        #expect(try withoutGradients { try result().floats() } == base.floats())
        try up.copy_(Tensor.randn([16, 4], seed: 4))
        let recorded = try result()
        #expect(try withoutGradients { try result().floats() } == recorded.floats())
        #expect(try recorded.floats() != base.floats())
        #expect(try recorded.narrow(1, 0, 8).floats() == base.narrow(1, 0, 8).floats())
    }

    @Test func takesViewsThatAreNotContiguous() throws {
        let base = try Tensor.randn([40, 64], seed: 1)
        let weight = try Tensor.randn([48, 40], seed: 2)
        let transposed = try base.transpose(0, 1)
        try expectClose(
            transposed.linear(weight), transposed.contiguous().linear(weight), absolute: 1e-5)
        let narrow = try base.narrow(1, 10, 20)
        let part = try weight.narrow(1, 5, 20)
        try expectClose(
            narrow.linear(part), narrow.contiguous().linear(part.contiguous()), absolute: 1e-5)
    }

    @Test func onlyWhatTrainsGetsAGradient() throws {
        let x = try Tensor.randn([4, 8], seed: 1)
        let weight = try Tensor.randn([6, 8], seed: 2)
        x.requiresGradient = true
        try x.linear(weight).sum().backward()
        #expect(x.gradient?.shape == [4, 8])
        #expect(weight.gradient == nil)
        #expect(
            try !withoutGradients { () throws(TorchError) in try x.linear(weight) }.requiresGradient
        )
    }

    @Test func noRowsGiveNoRows() throws {
        #expect(try Tensor.ones([0, 8]).linear(Tensor.ones([6, 8])).shape == [0, 6])
    }

    @Test func refusesOperandsThatDoNotFit() throws {
        let x = try Tensor.ones([4, 8])
        #expect(throws: TorchError.self) { try x.linear(Tensor.ones([6, 9])) }
        #expect(throws: TorchError.self) { try x.linear(Tensor.ones([6, 8], dtype: .bfloat16)) }
        #expect(throws: TorchError.self) {
            try x.linear(Tensor.ones([6, 8]), bias: Tensor.ones([5]))
        }
    }
}
