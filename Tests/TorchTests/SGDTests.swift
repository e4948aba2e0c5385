import TestSupport
import Testing
import Torch

@Suite struct SGDTests {
    /// Ten steps with momentum and decay against torch.optim.SGD (`quantization.py`).
    @Test func followsTheReferenceStepByStep() throws {
        let reference = try SafeTensorsReader(Fixtures.url("torch/quantization.safetensors"))
        let w = try reference.tensor("sgd.start").clone()
        let optimizer = SGD(
            [("w", w, .decayed)],
            options: .init(learningRate: 0.05, momentum: 0.9, weightDecay: 0.1))
        for step in 0..<10 {
            try w.setGradient(reference.tensor("sgd.gradient.\(step)").clone())
            try optimizer.step()
            try expectClose(w, reference.tensor("sgd.\(step)"), absolute: 1e-6)
        }
    }

    @Test func withoutMomentumOneStepIsTheGradient() throws {
        let w = try Tensor([1, 2] as [Float])
        try w.setGradient(Tensor([10, -10] as [Float]))
        let optimizer = SGD(
            [("w", w, .exempt)], options: .init(learningRate: 0.125, weightDecay: 5))
        try optimizer.step()
        // 1 - 0.125 · 10 and 2 + 0.125 · 10: an exempt parameter does not decay.
        #expect(try w.floats() == [-0.25, 3.25])
        #expect(try optimizer.state().map(\.name) == ["w.step"])
    }

    @Test func savedStateContinuesToTheBit() throws {
        try expectSameContinuation(count: 50) {
            SGD([("w", $0, .decayed)], options: .init(learningRate: 0.1, momentum: 0.9))
        }
    }

    @Test func halfPrecisionParametersKeepSmallUpdates() throws {
        let w = try Tensor.ones([8], dtype: .bfloat16)
        let optimizer = SGD([("w", w, .decayed)], options: .init(learningRate: 1e-4))
        for _ in 0..<100 {
            try w.setGradient(Tensor.ones([8], dtype: .bfloat16))
            try optimizer.step()
        }
        #expect(try w.floats().allSatisfy { abs($0 - 0.99) <= 0.002 })
    }

    @Test func anotherOptimizersStateIsRefused() throws {
        let w = try Tensor.ones([8])
        try w.setGradient(Tensor.ones([8]))
        let sgd = SGD([("w", w, .decayed)], options: .init(learningRate: 1, momentum: 0.5))
        try sgd.step()
        let state = Dictionary(uniqueKeysWithValues: try sgd.state())
        let adam = AdamW([("w", w)])
        #expect(throws: TorchError.self) { try adam.loadState { state[$0] } }
    }
}
