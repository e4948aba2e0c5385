import Foundation
import Testing
import Torch

extension InferenceKernelTests {
    @Suite struct SamplingKernelTests {
        /// 600 logits, so that the row has whole chunks, a part of one and a part of a vector.
        private let width = 600

        private func logits(seed: UInt64 = 1, spread: Double = 2) throws -> Tensor {
            try Tensor.randn([1, width], seed: seed) * spread
        }

        /// Softmax in double precision.
        private func probabilities(_ logits: [Double]) -> [Double] {
            let top = logits.max() ?? 0
            let weights = logits.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            return weights.map { $0 / total }
        }

        private func token(_ drawn: Kernels.Drawn) throws -> (id: Int, log: Double, raw: Double) {
            guard case .token(let id, let log, let raw) = drawn else {
                throw TorchError.valueCount(shape: [], count: 0)
            }
            return (Int(id), Double(log), Double(raw))
        }

        /// The draw whose `uniform` is the middle of each of `count` equal parts of [0, 1).
        private func sweep(_ count: Int, _ configure: (inout Kernels.Draw) -> Void = { _ in })
            -> [Kernels.Draw]
        {
            (0..<count).map {
                var draw = Kernels.Draw(row: 0, uniform: (Double($0) + 0.5) / Double(count))
                configure(&draw)
                return draw
            }
        }

        @Test(arguments: [DType.float32, .bfloat16], Kernels.InstructionSet.allCases)
        func followsTheDistribution(dtype: DType, set: Kernels.InstructionSet) throws {
            let before = Kernels.limitInstructionSet(set)
            defer { _ = Kernels.limitInstructionSet(before) }
            let logits = try logits().to(dtype)
            let exact = probabilities(try logits.doubles())
            // Equal steps through [0, 1) meet each token as often as its probability says, give or take
            // the two ends of its interval.
            let count = 20_000
            var seen = [Int](repeating: 0, count: width)
            for drawn in try Kernels.sample(logits, sweep(count)) {
                let (id, log, raw) = try token(drawn)
                seen[id] += 1
                #expect(abs(log - Foundation.log(exact[id])) < 2e-6)
                #expect(log == raw)
            }
            for id in 0..<width {
                #expect(abs(Double(seen[id]) - exact[id] * Double(count)) <= 1.01)
            }
        }

        @Test func temperatureScalesLogitsButNotTheRawLogProbability() throws {
            let logits = try logits()
            let values = try logits.doubles()
            let hot = probabilities(values.map { $0 / 1.7 })
            let raw = probabilities(values)
            for drawn in try Kernels.sample(logits, sweep(500) { $0.temperature = 1.7 }) {
                let drawn = try token(drawn)
                #expect(abs(drawn.log - log(hot[drawn.id])) < 2e-6)
                #expect(abs(drawn.raw - log(raw[drawn.id])) < 2e-6)
            }
        }

        @Test func temperatureZeroTakesTheFirstOfTheLargest() throws {
            var values = [Float](repeating: 0, count: width)
            values[300] = 3
            values[500] = 3
            let logits = try Tensor(values, shape: [1, width])
            let drawn = try token(Kernels.sample(logits, sweep(1) { $0.temperature = 0 })[0])
            #expect(drawn.id == 300)
            #expect(drawn.log == 0)
            // log(e³ / (598 + 2 e³))
            #expect(abs(drawn.raw - (3 - log(598 + 2 * exp(3)))) < 1e-6)
        }

        /// The set of tokens that a sweep meets, and the probability the kernel claims for each.
        private func support(
            _ logits: Tensor, _ configure: (inout Kernels.Draw) -> Void
        ) throws -> [Int: Double] {
            var result: [Int: Double] = [:]
            for drawn in try Kernels.sample(logits, sweep(30_000, configure)) {
                let drawn = try token(drawn)
                result[drawn.id] = drawn.log
            }
            return result
        }

        /// Tokens of a descending order, kept from the front while `keeps` holds.
        private func expected(
            _ probabilities: [Double], keeping count: Int
        ) -> [Int: Double] {
            let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
            let kept = order.prefix(count)
            let mass = kept.reduce(0) { $0 + probabilities[$1] }
            return Dictionary(
                uniqueKeysWithValues: kept.map { ($0, Foundation.log(probabilities[$0] / mass)) })
        }

        private func compare(_ found: [Int: Double], _ wanted: [Int: Double]) {
            #expect(Set(found.keys) == Set(wanted.keys))
            for (id, log) in wanted {
                #expect(abs((found[id] ?? 0) - log) < 2e-6)
            }
        }

        @Test(arguments: [1, 2, 3, 20]) func topKKeepsTheMostProbable(k: Int) throws {
            let logits = try logits()
            let exact = probabilities(try logits.doubles())
            compare(try support(logits) { $0.topK = k }, expected(exact, keeping: k))
        }

        @Test func topKKeepsEqualsOfTheLastKept() throws {
            var values = [Float](repeating: -5, count: width)
            for id in [10, 20, 30] { values[id] = 2 }
            let found = try support(try Tensor(values, shape: [1, width])) { $0.topK = 2 }
            #expect(Set(found.keys) == [10, 20, 30])
        }

        @Test(arguments: [0.1, 0.5, 0.7]) func topPKeepsTheSmallestSetThatReachesIt(p: Double)
            throws
        {
            let logits = try logits()
            let exact = probabilities(try logits.doubles())
            var mass = 0.0
            var count = 0
            for probability in exact.sorted(by: >) where mass < p {
                mass += probability
                count += 1
            }
            compare(try support(logits) { $0.topP = p }, expected(exact, keeping: count))
        }

        @Test func topPOfAFlatRowKeepsTheSmallestIds() throws {
            let logits = try Tensor.zeros([1, width])
            // A tenth of 600 equal tokens; 0.0999 avoids asking how 60/600 rounds.
            let found = try support(logits) { $0.topP = 0.0999 }
            #expect(Set(found.keys) == Set(0..<60))
        }

        @Test func minPComparesWithTheMostProbable() throws {
            let logits = try logits()
            let exact = probabilities(try logits.doubles())
            let top = exact.max() ?? 0
            let count = exact.filter { $0 >= 0.05 * top }.count
            #expect(count > 1)
            compare(try support(logits) { $0.minP = 0.05 }, expected(exact, keeping: count))
        }

        @Test func filtersApplyOneAfterAnother() throws {
            let logits = try logits()
            let scaled = probabilities(try logits.doubles().map { $0 / 0.8 })
            // top-k leaves 15, renormalised; top-p then sees those only; min-p what is left.
            let top = scaled.sorted(by: >).prefix(15)
            let total = top.reduce(0, +)
            var mass = 0.0
            var count = 0
            for probability in top where mass < 0.9 {
                mass += probability / total
                if probability >= 0.02 * (top.first ?? 0) { count += 1 }
            }
            let found = try support(logits) {
                $0.temperature = 0.8
                $0.topK = 15
                $0.topP = 0.9
                $0.minP = 0.02
            }
            compare(found, expected(scaled, keeping: count))
        }

        @Test func repetitionPenaltyActsOnceOnEachSeenToken() throws {
            let logits = try logits()
            var values = try logits.doubles()
            let raw = probabilities(values)
            let seen: [Int32] = [7, 9, 7, 11]
            for id in [7, 9, 11] {
                values[id] = values[id] < 0 ? values[id] * 1.3 : values[id] / 1.3
            }
            let exact = probabilities(values)
            let draws = sweep(2_000) {
                $0.repetitionPenalty = 1.3
                $0.seen = 0..<4
            }
            for drawn in try Kernels.sample(logits, draws, seen: seen) {
                let drawn = try token(drawn)
                #expect(abs(drawn.log - log(exact[drawn.id])) < 2e-6)
                #expect(abs(drawn.raw - log(raw[drawn.id])) < 2e-6)
            }
        }

        @Test func theLargestUniformStillMeetsATokenOfWeight() throws {
            var values = [Float](repeating: -Float.infinity, count: width)
            values[3] = 1
            values[77] = 0
            let draw = Kernels.Draw(row: 0, uniform: 1 - 0x1p-53)
            let logits = try Tensor(values, shape: [1, width])
            #expect(try token(Kernels.sample(logits, [draw])[0]).id == 77)
        }

        @Test(arguments: [Float.nan, .infinity]) func refusesRowsThatAreNotFinite(bad: Float) throws
        {
            for place in [0, 255, 599] {
                var values = [Float](repeating: -Float.infinity, count: width)
                values[1] = 0
                values[place] = bad
                let logits = try Tensor(values, shape: [1, width])
                for temperature in [0, 0.5, 1] {
                    let drawn = try Kernels.sample(
                        logits, sweep(1) { $0.temperature = temperature })
                    #expect(drawn == [.logitsNotFinite])
                }
            }
            let nothing = try Tensor.full([1, width], -Double.infinity)
            #expect(try Kernels.sample(nothing, sweep(1)) == [.logitsNotFinite])
        }

        @Test func oneDrawDoesNotDependOnOthersNorOnThreads() throws {
            let logits = try Tensor.randn([9, width], seed: 4)
            let draws = (0..<9).map {
                var draw = Kernels.Draw(row: $0, uniform: Double($0) / 9)
                draw.topP = $0 % 2 == 0 ? 1 : 0.9
                return draw
            }
            let together = try Kernels.sample(logits, draws)
            let threads = Torch.threadCount
            try Torch.setThreadCount(1)
            let alone = try draws.map { try Kernels.sample(logits, [$0])[0] }
            try Torch.setThreadCount(threads)
            #expect(together == alone)
        }
    }
}
