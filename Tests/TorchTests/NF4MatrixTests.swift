import TestSupport
import Testing

@testable import Torch

@Suite struct NF4MatrixTests {
    private func reference() throws -> SafeTensorsReader {
        try SafeTensorsReader(Fixtures.url("torch/quantization.safetensors"))
    }

    /// The paper's formula, evaluated by `Tools/fixtures/quantization.py`.
    @Test func codeIsTheQuantilesOfTheNormalDistribution() throws {
        let formula = try reference().tensor("nf4.code").floats()
        #expect(zip(NF4Matrix.code, formula).allSatisfy { abs($0 - $1) < 5e-7 })
        #expect(NF4Matrix.code[0] == -1 && NF4Matrix.code[7] == 0 && NF4Matrix.code[15] == 1)
    }

    /// A twin in numpy coded the same matrix; codes in a byte are first upper, then lower half.
    @Test func codesAndScalesAreThoseOfTheTwin() throws {
        let reference = try reference()
        let matrix = try NF4Matrix(reference.tensor("nf4.matrix"))
        let codes = try reference.tensor("nf4.codes").ints()
        let packed = stride(from: 0, to: codes.count, by: 2).map { codes[$0] << 4 | codes[$0 + 1] }
        #expect(try matrix.codes.ints() == packed)
        #expect(try matrix.scaleCodes.ints() == reference.tensor("nf4.scale_codes").ints())
        try expectClose(matrix.outerScales, reference.tensor("nf4.outer"), absolute: 1e-6)
        try expectClose(
            matrix.dense(.float32), reference.tensor("nf4.values"), absolute: 1e-6)
    }

    /// Rows that begin inside blocks (160 and 70 columns), whole blocks, and a last block that is
    /// not full; AVX-512, other kernels and tensor operators give the same bits.
    @Test(arguments: [(5, 160), (7, 70), (3, 128), (1, 2)], [DType.float32, .bfloat16])
    func kernelAndPlainTwinAgree(_ shape: (Int, Int), dtype: DType) throws {
        let matrix = try NF4Matrix(Tensor.randn([shape.0, shape.1], seed: 4))
        let fast = try matrix.dense(dtype).floats()
        #expect(try fast == matrix.plainDense(0..<shape.0, dtype).floats())
        let before = Kernels.limitInstructionSet(.plain)
        defer { _ = Kernels.limitInstructionSet(before) }
        #expect(try matrix.dense(dtype).floats() == fast)
        let last = shape.0 - 1
        #expect(
            try matrix.dense(last..<shape.0, dtype).floats()
                == Array(fast.suffix(shape.1)))
        let picked = try matrix.select(Tensor([last, 0, last]), dtype).floats()
        #expect(picked == Array(fast.suffix(shape.1) + fast.prefix(shape.1) + fast.suffix(shape.1)))
    }

    @Test func aNumberTakesLittleMoreThanFourBits() throws {
        let matrix = try NF4Matrix(Tensor.randn([256, 1024], seed: 1))
        // 4096 blocks of 64 numbers: a half byte a number, a byte a block, 16 outer scales, the mean.
        #expect(matrix.byteCount == 131_072 + 4096 + 16 * 4 + 8)
        #expect(Double(matrix.byteCount) / Double(256 * 1024) < 0.517)
    }

    /// Normal numbers: the paper's code leaves a root mean square error near a tenth of their own.
    @Test func theErrorIsThatOfFourBits() throws {
        let values = try Tensor.randn([512, 512], seed: 8)
        let error = try (NF4Matrix(values).dense(.float32) - values).square().mean().item()
        #expect(error.squareRoot() < 0.1 && error.squareRoot() > 0.06)
    }

    /// A layer in four bits is the dense layer of its values, forwards and backwards.
    @Test(arguments: [DType.float32, .bfloat16])
    func linearIsThatOfTheValues(dtype: DType) throws {
        let matrix = try NF4Matrix(Tensor.randn([700, 320], seed: 1))
        let weight = try matrix.dense(dtype)
        let bias = try Tensor.randn([700], seed: 2).to(dtype)
        let pull = try Tensor.randn([9, 700], seed: 3).to(dtype)
        let x = try Tensor.randn([9, 320], seed: 4).to(dtype)
        x.requiresGradient = true
        let y = try matrix.linear(x, bias: bias)
        try y.backward(gradient: pull)
        let gradient = try #require(x.gradient)
        try x.setGradient(nil)
        let expected = try x.linear(weight, bias: bias)
        try expected.backward(gradient: pull)
        let tolerance = dtype == .float32 ? 1e-4 : 0.3
        try expectClose(y.detached(), expected.detached(), absolute: tolerance)
        try expectClose(gradient, #require(x.gradient), absolute: tolerance)
    }

    @Test func logProbabilitiesAreThoseOfTheValues() throws {
        let matrix = try NF4Matrix(Tensor.randn([600, 32], seed: 1) * 0.3)
        let hidden = try Tensor.randn([11, 32], seed: 2)
        let targets = try (Tensor.rand([11], seed: 3) * 600).to(.int64)
        let pull = try Tensor.randn([11], seed: 4)
        hidden.requiresGradient = true
        // Blocks of 256 rows: three of them.
        let coded = try matrix.logProbabilities(
            hidden: hidden, targets: targets, temperature: 0.7, softCap: 5, blockBytes: 1)
        try coded.logProbabilities.backward(gradient: pull)
        let gradient = try #require(hidden.gradient)
        try hidden.setGradient(nil)
        let dense = try Kernels.linearLogProbabilities(
            hidden: hidden, weight: matrix.dense(.float32), targets: targets, temperature: 0.7,
            softCap: 5, blockBytes: 1)
        try dense.logProbabilities.backward(gradient: pull)
        try expectClose(
            coded.logProbabilities.detached(), dense.logProbabilities.detached(), absolute: 1e-6)
        try expectClose(coded.entropy, dense.entropy, absolute: 1e-6)
        try expectClose(gradient, #require(hidden.gradient), absolute: 1e-6)
    }

    @Test func zerosAndOddWidths() throws {
        let zeros = try NF4Matrix(Tensor.zeros([3, 64]))
        #expect(try zeros.dense(.float32).floats().allSatisfy { $0 == 0 })
        #expect(throws: TorchError.self) { try NF4Matrix(Tensor.zeros([3, 5])) }
    }
}
