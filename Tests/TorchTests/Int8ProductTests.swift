import TestSupport
import Testing
import Torch

/// Products in eight bits against their twin in plain loops, and against the exact product.
@Suite(.enabled(if: DecodeStack.supports(.int8, dtype: .bfloat16, device: .cpu)))
struct Int8ProductTests {
    /// Rows around the tiles (16, 32, 48) and the blocks (64); lengths around a group (128) and a cache line
    /// of codes (64).
    static let cases: [(rows: Int, inner: Int, columns: Int)] = [
        (1, 2, 1), (7, 64, 5), (16, 66, 97), (17, 128, 48), (33, 190, 31), (49, 130, 100),
        (64, 896, 12), (65, 300, 97), (130, 256, 33),
    ]

    @Test(arguments: cases, [DType.float32, .bfloat16])
    func hasTheBitsOfPlainLoops(_ c: (rows: Int, inner: Int, columns: Int), dtype: DType) throws {
        try withoutGradients {
            let x = try Tensor.randn([c.rows, c.inner], seed: 1).to(dtype)
            let weight = try Tensor.randn([c.columns, c.inner], seed: 2).to(dtype)
            let plain = try DecodeStack.plainInt8Linear(x, weight: weight)
            let fast = try DecodeStack.int8Linear(x, weight: weight)
            #expect(fast.dtype == dtype)
            #expect(try fast.to(.float32).floats() == plain.to(dtype).to(.float32).floats())
        }
    }

    /// Codes of normal numbers are off by at most half of 1/127 of the largest of 128, which is about 2.7
    /// deviations: 2.7 / 127 / √12 = 0.6 % of a deviation, from both sides 0.87 %.
    @Test func isNearTheExactProduct() throws {
        try withoutGradients {
            let x = try Tensor.randn([40, 896], seed: 1)
            let weight = try Tensor.randn([300, 896], seed: 2)
            let exact = try x.to(.float64).matmul(weight.to(.float64).transpose(0, 1))
            let error = try relativeError(DecodeStack.int8Linear(x, weight: weight), exact)
            #expect(error > 0.005 && error < 0.01)
        }
    }

    /// One huge number costs its own group its digits and leaves the other groups theirs.
    @Test func anOutlierStaysInItsGroup() throws {
        try withoutGradients {
            let ones = [Float](repeating: 1, count: 256)
            var spoilt = ones
            spoilt[3] = 1e6
            // Weights that hear nothing but the second group.
            let weight = try Tensor(
                [Float](repeating: 0, count: 128) + [Float](repeating: 1, count: 128),
                shape: [1, 256])
            let both = try Tensor(ones + spoilt, shape: [2, 256])
            #expect(try DecodeStack.int8Linear(both, weight: weight).floats() == [128, 128])
        }
    }

    @Test func seesThatAWeightHasChanged() throws {
        try withoutGradients {
            let x = try Tensor.ones([2, 64])
            let weight = try Tensor.ones([3, 64])
            #expect(try DecodeStack.int8Linear(x, weight: weight).floats()[0] == 64)
            try weight.copy_(weight * 2)
            #expect(try DecodeStack.int8Linear(x, weight: weight).floats()[0] == 128)
        }
    }

    @Test func whatIsNotFiniteShows() throws {
        try withoutGradients {
            var values = [Float](repeating: 1, count: 256)
            values[200] = .nan
            let x = try Tensor(values, shape: [1, 256])
            let result = try DecodeStack.int8Linear(x, weight: Tensor.ones([1, 256])).floats()
            #expect(result[0].isNaN)
        }
    }
}
