import Foundation
import Testing
import Torch

/// Those with lanes each in a process of its own: how many threads there are belongs to the process, and one
/// caller at a time has lanes.
@Suite struct LanesTests {
    private struct Failure: Error { let part: Int }

    @Test(.enabled(if: Lanes.areAvailable)) func partsGoOnAtOneTime() async {
        await #expect(processExitsWith: .success) {
            try setThreadCount(2)
            // Each waits until the other has begun.
            let begun = (0..<2).map { _ in DispatchSemaphore(value: 0) }
            let met = try Lanes.map(2, lanes: 2) { part in
                begun[part].signal()
                return begun[1 - part].wait(timeout: .now() + 60) == .success
            }
            #expect(met == [true, true])
        }
    }

    /// Products, norms and gradients of parts of different sizes, more of them than lanes. Where there are no lanes
    /// products are libtorch's, whose sums depend on its threads.
    @Test(.enabled(if: Lanes.areAvailable)) func partsAreTheSameInAnyNumberOfLanes() async {
        await #expect(processExitsWith: .success) {
            let weight = try Tensor.randn([96, 64], seed: 1)
            weight.requiresGradient = true
            func part(_ index: Int) throws -> [Float] {
                let x = try Tensor.randn([40 + 150 * index, 64], seed: UInt64(index))
                let hidden = try x.linear(weight).silu().rmsNorm(weight: nil, epsilon: 1e-6)
                let sum = try (hidden * hidden * 0.5).sum()
                let gradients = try Tensor.gradients(
                    of: [sum], weightedBy: [nil], withRespectTo: [weight])
                return try sum.floats() + (#require(gradients[0]).floats())
            }
            try setThreadCount(1)
            let alone = try (0..<5).map(part)
            for threads in 1...4 {
                try setThreadCount(threads)
                for lanes in [1, 2, 3, 9] {
                    #expect(try Lanes.map(5, lanes: lanes, part) == alone)
                }
            }
            // Afterwards one operation has all threads again.
            #expect(threadCount == 4)
            #expect(weight.gradient == nil)
        }
    }

    @Test func lanesHaveTheModesOfTheirCaller() async {
        await #expect(processExitsWith: .success) {
            try setThreadCount(3)
            let recorded = try Lanes.map(6, lanes: 3) { _ in recordsGradients }
            #expect(recorded == Array(repeating: true, count: 6))
            let unrecorded = try withoutGradients {
                try Lanes.map(6, lanes: 3) { _ in recordsGradients }
            }
            #expect(unrecorded == Array(repeating: false, count: 6))
        }
    }

    @Test func theFirstFailureIsTold() async {
        await #expect(processExitsWith: .success) {
            try setThreadCount(2)
            for lanes in 1...3 {
                #expect {
                    try Lanes.map(7, lanes: lanes) { part in
                        if part == 3 || part == 5 { throw Failure(part: part) }
                    }
                } throws: { ($0 as? Failure)?.part == 3 }
                let parts = try Lanes.map(7, lanes: lanes) { $0 }
                #expect(parts == Array(0..<7))
            }
        }
    }

    /// One that asks for lanes inside a lane has none, and gets its parts.
    @Test func lanesInLanesFollowEachOther() async {
        await #expect(processExitsWith: .success) {
            try setThreadCount(2)
            let sums = try Lanes.map(4, lanes: 2) { part in
                try Lanes.map(3, lanes: 2) { part * $0 }.reduce(0, +)
            }
            #expect(sums == [0, 3, 6, 9])
        }
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func gradientsAddUp(dtype: DType) throws {
        // More than a task's values, and a rest that fills no vector.
        let shapes = [[70_003], [5, 7], [3]]
        let parameters = try shapes.map { try Tensor.zeros($0, dtype: dtype) }
        func gradients(_ seed: UInt64) throws -> [Tensor?] {
            try shapes.map { try Tensor.randn($0, seed: seed).to(dtype) }
        }
        let (first, second) = (try gradients(1), try gradients(2))
        let expected = try (0..<2).map { index in
            try #require(first[index]).clone() + #require(second[index])
        }
        // A view must not become what others are added to.
        let shared = try Tensor.ones([4], dtype: dtype)
        try addGradients([first[0], first[1], shared.narrow(0, 0, 3)], to: parameters)
        try addGradients([second[0], second[1], nil], to: parameters)
        for index in 0..<2 {
            let sum = try #require(parameters[index].gradient)
            #expect(try sum.floats() == expected[index].floats())
        }
        try addGradients([nil, nil, shared.narrow(0, 1, 3)], to: parameters)
        #expect(try parameters[2].gradient?.floats() == [2, 2, 2])
        #expect(try shared.floats() == [1, 1, 1, 1])
    }
}
