import Testing
import Torch

@Suite struct RecomputationTests {
    private struct Refusal: Error {}

    @Test func gradientsReachInputAndLeaves() throws {
        let x = try Tensor([1, 2, 3] as [Float])
        let w = try Tensor([0.5, -1, 2] as [Float])
        x.requiresGradient = true
        w.requiresGradient = true
        var runs = 0
        let y = try recomputed(x) { input in
            runs += 1
            return try (input * w).tanh()
        }
        #expect(runs == 1)
        try y.sum().backward()
        #expect(runs == 2)
        let found = try (#require(x.gradient).floats(), #require(w.gradient).floats())
        try x.setGradient(nil)
        try w.setGradient(nil)
        try (x * w).tanh().sum().backward()
        #expect(try found.0 == #require(x.gradient).floats())
        #expect(try found.1 == #require(w.gradient).floats())
    }

    @Test func leavesLearnWhereTheInputDoesNot() throws {
        let x = try Tensor([1, 2] as [Float])
        let w = try Tensor([3, 4] as [Float])
        w.requiresGradient = true
        try recomputed(x) { try $0 * w }.sum().backward()
        #expect(try w.gradient?.floats() == [1, 2])
    }

    @Test func aFailureIsTheBodysOwn() throws {
        let x = try Tensor([1] as [Float])
        #expect(throws: Refusal.self) { try recomputed(x) { _ in throw Refusal() } }
        var runs = 0
        x.requiresGradient = true
        let y = try recomputed(x) { input in
            runs += 1
            guard runs == 1 else { throw Refusal() }
            return try input * 2
        }
        #expect(throws: TorchError.self) { try y.sum().backward() }
    }

    @Test func nothingIsLeftBehind() async {
        await #expect(processExitsWith: .success) {
            let w = try Tensor.ones([4])
            w.requiresGradient = true
            let before = liveTensorCount
            for _ in 0..<10 {
                try recomputed(try Tensor.ones([4])) { try $0 * w }.sum().backward()
                try w.setGradient(nil)
                // A block whose backward pass never comes.
                _ = try recomputed(try Tensor.ones([4])) { try $0 * w }
            }
            #expect(liveTensorCount == before)
        }
    }
}
