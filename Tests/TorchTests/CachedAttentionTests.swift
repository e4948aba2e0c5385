import Foundation
import Testing
import Torch

extension InferenceKernelTests {
    @Suite struct CachedAttentionTests {
        /// Queries, keys and values of one sequence, [T, heads, D] each.
        private struct Inputs {
            let query: Tensor
            let key: Tensor
            let value: Tensor
            let length: Int

            init(_ length: Int, heads: Int, keyHeads: Int, width: Int, dtype: DType, seed: UInt64)
                throws
            {
                self.length = length
                query = try Tensor.randn([length, heads, width], seed: seed).to(dtype)
                key = try Tensor.randn([length, keyHeads, width], seed: seed + 1).to(dtype)
                value = try Tensor.randn([length, keyHeads, width], seed: seed + 2).to(dtype)
            }

            func rows(_ range: Range<Int>) throws -> (Tensor, Tensor, Tensor) {
                (try query.narrow(0, range), try key.narrow(0, range), try value.narrow(0, range))
            }
        }

        private struct Pool {
            let key: Tensor
            let value: Tensor

            /// Filled with NaN, so that a read of a place never written shows.
            init(blocks: Int, keyHeads: Int, width: Int, dtype: DType) throws {
                let shapes = Kernels.cachePoolShapes(
                    blocks: blocks, keyHeads: keyHeads, headWidth: width)
                key = try Tensor.full(shapes.key, Double.nan, dtype: dtype)
                value = try Tensor.full(shapes.value, Double.nan, dtype: dtype)
            }
        }

        /// Attention in double precision, straight from its definition: [T, H, D].
        private func reference(
            _ inputs: Inputs, scale: Double, window: Int? = nil, softCap: Double? = nil
        ) throws -> [Double] {
            let (length, heads, width) = try inputs.query.dims3()
            let keyHeads = try inputs.key.size(1)
            let query = try inputs.query.doubles()
            let key = try inputs.key.doubles()
            let value = try inputs.value.doubles()
            var result = [Double](repeating: 0, count: length * heads * width)
            for t in 0..<length {
                for h in 0..<heads {
                    let k = h / (heads / keyHeads)
                    let first = max(0, t - (window ?? length) + 1)
                    var weights = (first...t).map { s in
                        var score = 0.0
                        for d in 0..<width {
                            score +=
                                query[(t * heads + h) * width + d]
                                * key[(s * keyHeads + k) * width + d]
                        }
                        score *= scale
                        if let softCap { score = softCap * tanh(score / softCap) }
                        return exp(score)
                    }
                    let total = weights.reduce(0, +)
                    weights = weights.map { $0 / total }
                    for (weight, s) in zip(weights, first...t) {
                        for d in 0..<width {
                            result[(t * heads + h) * width + d] +=
                                weight * value[(s * keyHeads + k) * width + d]
                        }
                    }
                }
            }
            return result
        }

        private func attend(
            _ inputs: Inputs, _ range: Range<Int>, shared: Int, pool: Pool, tables: [Int32],
            ownTable: Int, window: Int? = nil, softCap: Double? = nil
        ) throws -> [Float] {
            let (query, key, value) = try inputs.rows(range)
            let span = Kernels.CacheSpan(
                firstRow: 0, rowCount: range.count, firstPosition: range.lowerBound,
                sharedLength: shared, sharedTable: 0, ownTable: ownTable)
            return try Kernels.cachedAttention(
                query: query, key: key, value: value, keyPool: pool.key, valuePool: pool.value,
                spans: [span], tables: tables, scale: 0.2, window: window, softCap: softCap
            ).floats()
        }

        private func expectClose(_ found: [Float], _ wanted: ArraySlice<Double>, within: Double) {
            #expect(found.count == wanted.count)
            let worst = zip(found, wanted).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(worst < within)
        }

        struct Shape: Sendable, CustomStringConvertible {
            let heads: Int
            let keyHeads: Int
            let width: Int
            var description: String { "\(heads)/\(keyHeads) × \(width)" }
        }

        /// One query head per key head, groups that fill no tile, groups larger than a tile, widths that
        /// are no multiple of a vector.
        static let shapes = [
            Shape(heads: 2, keyHeads: 2, width: 8), Shape(heads: 4, keyHeads: 2, width: 64),
            Shape(heads: 14, keyHeads: 2, width: 64), Shape(heads: 3, keyHeads: 1, width: 20),
            Shape(heads: 10, keyHeads: 1, width: 96),
        ]

        @Test(arguments: shapes, Kernels.InstructionSet.allCases)
        func attendsCausally(shape: Shape, set: Kernels.InstructionSet) throws {
            let before = Kernels.limitInstructionSet(set)
            defer { _ = Kernels.limitInstructionSet(before) }
            let inputs = try Inputs(
                37, heads: shape.heads, keyHeads: shape.keyHeads, width: shape.width,
                dtype: .float32,
                seed: 1)
            let pool = try Pool(
                blocks: 5, keyHeads: shape.keyHeads, width: shape.width, dtype: .float32)
            let found = try attend(
                inputs, 0..<37, shared: 0, pool: pool, tables: [4, 0, 2], ownTable: 0)
            expectClose(found, try reference(inputs, scale: 0.2)[...], within: 1e-5)
        }

        @Test(arguments: shapes, Kernels.InstructionSet.allCases)
        func bfloat16RoundsOnlyInputsAndResult(shape: Shape, set: Kernels.InstructionSet) throws {
            let before = Kernels.limitInstructionSet(set)
            defer { _ = Kernels.limitInstructionSet(before) }
            let inputs = try Inputs(
                40, heads: shape.heads, keyHeads: shape.keyHeads, width: shape.width,
                dtype: .bfloat16, seed: 5)
            let pool = try Pool(
                blocks: 3, keyHeads: shape.keyHeads, width: shape.width, dtype: .bfloat16)
            let found = try attend(
                inputs, 0..<40, shared: 0, pool: pool, tables: [0, 1, 2], ownTable: 0)
            // Half a unit in the last of bf16's 8 bits, for values up to 4: 2⁻⁸ · 4 / 2.
            expectClose(found, try reference(inputs, scale: 0.2)[...], within: 0.0079)
        }

        @Test(arguments: [1, 5, 16, 17, 30]) func windowHidesThePast(window: Int) throws {
            let inputs = try Inputs(50, heads: 4, keyHeads: 2, width: 32, dtype: .float32, seed: 3)
            let pool = try Pool(blocks: 4, keyHeads: 2, width: 32, dtype: .float32)
            let found = try attend(
                inputs, 0..<50, shared: 0, pool: pool, tables: [3, 2, 1, 0], ownTable: 0,
                window: window)
            expectClose(found, try reference(inputs, scale: 0.2, window: window)[...], within: 1e-5)
        }

        @Test func softCapBoundsScores() throws {
            let inputs = try Inputs(20, heads: 4, keyHeads: 2, width: 32, dtype: .float32, seed: 3)
            let pool = try Pool(blocks: 2, keyHeads: 2, width: 32, dtype: .float32)
            let found = try attend(
                inputs, 0..<20, shared: 0, pool: pool, tables: [0, 1], ownTable: 0, softCap: 0.7)
            expectClose(found, try reference(inputs, scale: 0.2, softCap: 0.7)[...], within: 1e-5)
        }

        @Test(arguments: shapes) func stepsAndCutsGiveTheSameBits(shape: Shape) throws {
            let inputs = try Inputs(
                45, heads: shape.heads, keyHeads: shape.keyHeads, width: shape.width,
                dtype: .bfloat16,
                seed: 9)
            func pool() throws -> Pool {
                try Pool(blocks: 6, keyHeads: shape.keyHeads, width: shape.width, dtype: .bfloat16)
            }
            // A prompt of 21 tokens in blocks 0 and 1, then 24 tokens in blocks 2 and 3.
            let tables: [Int32] = [0, 1, 2, 3]
            for window in [nil, 18] {
                let whole = try pool()
                let prompt = try attend(
                    inputs, 0..<21, shared: 0, pool: whole, tables: tables, ownTable: 0,
                    window: window)
                let rest = try attend(
                    inputs, 21..<45, shared: 21, pool: whole, tables: tables, ownTable: 2,
                    window: window)
                let stepped = try pool()
                var steps: [Float] = []
                for range in [0..<7, 7..<21] {
                    steps += try attend(
                        inputs, range, shared: 0, pool: stepped, tables: tables, ownTable: 0,
                        window: window)
                }
                for t in 21..<45 {
                    steps += try attend(
                        inputs, t..<t + 1, shared: 21, pool: stepped, tables: tables, ownTable: 2,
                        window: window)
                }
                #expect(prompt + rest == steps)
            }
        }

        @Test func aRowDependsOnNoOtherAndNotOnThreads() throws {
            // Three sequences share a prompt of 19 tokens; each adds three of its own.
            let prompt = try Inputs(19, heads: 4, keyHeads: 2, width: 64, dtype: .float32, seed: 20)
            let own = try (0..<3).map {
                try Inputs(
                    3, heads: 4, keyHeads: 2, width: 64, dtype: .float32, seed: 30 + 10 * UInt64($0)
                )
            }
            func run(_ members: [Int]) throws -> [Int: [Float]] {
                let pool = try Pool(blocks: 5, keyHeads: 2, width: 64, dtype: .float32)
                let tables: [Int32] = [0, 1, 2, 3, 4]
                _ = try attend(prompt, 0..<19, shared: 0, pool: pool, tables: tables, ownTable: 0)
                var result: [Int: [Float]] = [:]
                for step in 0..<3 {
                    let spans = members.enumerated().map { row, member in
                        Kernels.CacheSpan(
                            firstRow: row, rowCount: 1, firstPosition: 19 + step, sharedLength: 19,
                            sharedTable: 0, ownTable: 2 + member)
                    }
                    func stack(_ part: (Inputs) -> Tensor) throws -> Tensor {
                        try Tensor.cat(members.map { try part(own[$0]).narrow(0, step, 1) })
                    }
                    let found = try Kernels.cachedAttention(
                        query: stack(\.query), key: stack(\.key), value: stack(\.value),
                        keyPool: pool.key, valuePool: pool.value, spans: spans, tables: tables,
                        scale: 0.2
                    ).floats()
                    for (row, member) in members.enumerated() {
                        result[member, default: []] += found[row * 256..<(row + 1) * 256]
                    }
                }
                return result
            }
            let threads = Torch.threadCount
            let together = try run([2, 0, 1])
            try Torch.setThreadCount(1)
            let alone = try run([0])
            try Torch.setThreadCount(threads)
            #expect(together[0] == alone[0])
        }

        /// Keys in bf16 lie in pairs of channels.
        @Test func oddHeadsInBFloat16AreRefused() throws {
            #expect(
                !Kernels.supportsCachedAttention(dtype: .bfloat16, device: .cpu, headWidth: 7))
            #expect(Kernels.supportsCachedAttention(dtype: .float32, device: .cpu, headWidth: 7))
            let inputs = try Inputs(
                3, heads: 1, keyHeads: 1, width: 7, dtype: .bfloat16, seed: 1)
            let pool = try Pool(blocks: 1, keyHeads: 1, width: 7, dtype: .bfloat16)
            #expect(throws: TorchError.self) {
                try attend(inputs, 0..<3, shared: 0, pool: pool, tables: [0], ownTable: 0)
            }
        }

        @Test func aForeignBlockIsRefused() throws {
            let inputs = try Inputs(3, heads: 2, keyHeads: 2, width: 16, dtype: .float32, seed: 1)
            let pool = try Pool(blocks: 1, keyHeads: 2, width: 16, dtype: .float32)
            #expect(throws: TorchError.self) {
                try attend(inputs, 0..<3, shared: 0, pool: pool, tables: [1], ownTable: 0)
            }
        }
    }
}
