import TestSupport
import Testing

@testable import Torch

@Suite struct AdamWTests {
    /// Two parameters, twenty steps with clipping, against torch.optim.AdamW (`tensors.py`).
    @Test func followsTheReferenceStepByStep() throws {
        let reference = try SafeTensorsReader(Fixtures.url("torch/adamw.safetensors"))
        let a = try reference.tensor("a.start").clone()
        let b = try reference.tensor("b.start").clone()
        a.requiresGradient = true
        b.requiresGradient = true
        let optimizer = AdamW(
            [("a", a, .decayed), ("b", b, .exempt)],
            options: AdamW.Options(
                learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1))
        let norms = try reference.tensor("norms").floats()
        for step in 0..<20 {
            try optimizer.zeroGradients()
            try a.setGradient(reference.tensor("a.gradient.\(step)").clone())
            if reference.contains("b.gradient.\(step)") {
                try b.setGradient(reference.tensor("b.gradient.\(step)").clone())
            }
            let norm = try clipGradientNorm([a, b], maximum: 2)
            #expect(abs(norm - Double(norms[step])) < 1e-5)
            try optimizer.step()
            try expectClose(a, reference.tensor("a.\(step)"), absolute: 1e-6)
            try expectClose(b, reference.tensor("b.\(step)"), absolute: 1e-6)
        }
    }

    /// Sums and products are the same but for their order and for factors that one of them rounds to
    /// f32 first: a few parts in 10⁷ a step. A weight in bf16 may then round to its other neighbour, 2⁻⁸
    /// of it away.
    @Test(arguments: [DType.float32, .bfloat16])
    func kernelAndPlainTwinAgree(dtype: DType) throws {
        // More than one task's values (2¹⁵), and a rest that fills no vector.
        let count = 70_003
        let start = try Tensor.randn([count], seed: 1).to(dtype)
        var results: [(weight: [Float], saved: [String: [Float]])] = []
        for way in [AdamWWay.kernel, .operators] {
            let w = try start.clone()
            let slots = OptimizerSlots<AdamW.Moments>([("w", w, .decayed)])
            for step in 0..<5 {
                try w.setGradient(Tensor.randn([count], seed: UInt64(2 + step)).to(dtype))
                try slots.forEach { slot, gradient, moments throws(TorchError) in
                    let options = AdamW.Options(
                        learningRate: 0.05, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1)
                    try moments.step(slot, gradient, options, way)
                }
            }
            let saved = try slots.saved().map { ($0.name, try $0.tensor.floats()) }
            results.append((try w.floats(), Dictionary(uniqueKeysWithValues: saved)))
        }
        func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
            zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1) / max(1, abs($1.1))) }
        }
        #expect(results[0].saved.keys == results[1].saved.keys)
        for (name, values) in results[0].saved {
            let other = try #require(results[1].saved[name])
            #expect(largestDifference(values, other) < 2e-6, "\(name)")
        }
        let bound: Float = dtype == .float32 ? 2e-6 : 0x1p-7
        #expect(largestDifference(results[0].weight, results[1].weight) < bound)
        let same = zip(results[0].weight, results[1].weight).count { $0 == $1 }
        #expect(dtype == .float32 || same > count * 99 / 100)
        // And it moved.
        #expect(try largestDifference(results[0].weight, start.floats()) > 0.1)
    }

    /// A step of many parameters shares all of them out together; each moves as it does alone.
    @Test func parametersDoNotSeeEachOther() throws {
        let sizes = [3, 70_003, 1, 40_000]
        func weights(_ chosen: [Int]) throws -> [[Float]] {
            let parameters = try chosen.map { index in
                let w = try Tensor.randn([sizes[index]], seed: UInt64(index))
                    .to(index % 2 == 0 ? .float32 : .bfloat16)
                try w.setGradient(Tensor.randn([sizes[index]], seed: 9).to(w.dtype))
                return (name: "w\(index)", tensor: w)
            }
            let optimizer = AdamW(parameters, options: .init(learningRate: 0.05))
            for _ in 0..<2 { try optimizer.step() }
            return try parameters.map { try $0.tensor.floats() }
        }
        let together = try weights([0, 1, 2, 3])
        for index in sizes.indices { #expect(try weights([index]) == [together[index]]) }
    }

    @Test func savedStateContinuesTheSameWay() throws {
        func gradient(_ step: Int) throws -> Tensor {
            try Tensor.randn([50], seed: UInt64(step))
        }
        func run(_ steps: Range<Int>, _ w: Tensor, _ optimizer: AdamW) throws {
            for step in steps {
                try w.setGradient(gradient(step))
                try optimizer.step()
            }
        }
        let straight = try Tensor.ones([50])
        let optimizer = AdamW([("w", straight)], options: .init(weightDecay: 0.01))
        try run(0..<3, straight, optimizer)
        let saved = try optimizer.state().map { ($0.name, try $0.tensor.clone()) }
        let resumed = try straight.clone()
        try run(3..<6, straight, optimizer)

        let other = AdamW([("w", resumed)], options: .init(weightDecay: 0.01))
        let state = Dictionary(uniqueKeysWithValues: saved)
        #expect(state.keys.sorted() == ["w.exp_avg", "w.exp_avg_sq", "w.step"])
        try other.loadState { state[$0] }
        try run(3..<6, resumed, other)
        #expect(try resumed.floats() == straight.floats())
    }

    @Test func halfPrecisionParametersKeepSmallUpdates() throws {
        // Each update is 1e-4, far below the spacing of bf16 near 1 (2^-8); 100 of them are not.
        let w = try Tensor.ones([8], dtype: .bfloat16)
        let optimizer = AdamW([("w", w)], options: .init(learningRate: 1e-4))
        for _ in 0..<100 {
            try w.setGradient(Tensor.ones([8], dtype: .bfloat16))
            try optimizer.step()
        }
        // A constant gradient gives updates of exactly the learning rate: 1 - 100 · 1e-4 = 0.99.
        let state = Dictionary(uniqueKeysWithValues: try optimizer.state())
        let master = try #require(try state["w.master"]?.floats())
        #expect(master.allSatisfy { abs($0 - 0.99) < 1e-5 })
        #expect(try w.floats().allSatisfy { abs($0 - 0.99) <= 0.002 })
    }

    @Test func aNormThatIsNotFiniteScalesNothing() throws {
        let w = try Tensor.ones([2])
        try w.setGradient(Tensor([.infinity, 1] as [Float]))
        #expect(try clipGradientNorm([w], maximum: 1) == .infinity)
        #expect(try w.gradient?.floats() == [.infinity, 1])
    }

    @Test func parametersWithoutGradientStay() throws {
        let w = try Tensor.ones([2])
        let optimizer = AdamW([("w", w)], options: .init(weightDecay: 0.5))
        try optimizer.step()
        #expect(try w.floats() == [1, 1])
        #expect(try optimizer.state().isEmpty)
    }
}
