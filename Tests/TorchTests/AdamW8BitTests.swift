import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct AdamW8BitTests {
    /// bitsandbytes' dynamic map, written out by `Tools/fixtures/quantization.py`.
    @Test func codesAreThoseOfThePaper() throws {
        let reference = try SafeTensorsReader(Fixtures.url("torch/quantization.safetensors"))
        for (sign, name) in [(CodedNumbers.Sign.signed, "signed"), (.unsigned, "unsigned")] {
            let expected = try reference.tensor("dynamic.\(name)").floats()
            let code = CodedNumbers.code(sign)
            #expect(zip(code, expected).allSatisfy { abs($0 - $1) <= 1e-7 })
            #expect(code == code.sorted())
        }
    }

    /// Least squares with noisy gradients, as AdamW and as AdamW8Bit on the same draws.
    ///
    /// A code is right on average and at most one gap off: 0.007 of a block's largest root, 0.014 of
    /// its largest mean. Each step's update so differs by a few per cent at random, and over the steps
    /// the differences cancel as noise does; the paths' distance must stay below 5 % of their length.
    @Test(arguments: [DType.float32, .bfloat16])
    func staysNearFullPrecisionOverManySteps(dtype: DType) throws {
        let count = 8192
        let target = try Tensor.randn([count], seed: 3)
        func path(_ make: (Tensor) -> any Optimizer) throws -> Tensor {
            let w = try Tensor.zeros([count], dtype: dtype)
            let optimizer = make(w)
            for step in 0..<400 {
                optimizer.learningRate = 0.005
                let noise = try Tensor.randn([count], seed: UInt64(1000 + step))
                let gradient = try (w.to(.float32) - target) + noise * 0.5
                try w.setGradient(gradient.to(dtype))
                try optimizer.step()
            }
            return try w.to(.float32)
        }
        let options = AdamW.Options(weightDecay: 0.01)
        let full = try path { AdamW([("w", $0, .decayed)], options: options) }
        let coded = try path { AdamW8Bit([("w", $0, .decayed)], options: options) }
        let length = try full.norm().item()
        let distance = try (full - coded).norm().item()
        #expect(length > 50)
        #expect(distance < 0.05 * length, "\(distance) of \(length)")
        #expect(distance > 0)
        // And it arrives where the reference does.
        let errors = try [full, coded].map { try ($0 - target).norm().item() }
        #expect(abs(errors[0] - errors[1]) < 0.05 * length, "\(errors)")
    }

    /// What a state of one step decodes to lies within one gap of the number it stands for.
    @Test func oneCodingIsOffByLessThanAGap() throws {
        let w = try Tensor.zeros([5000])
        let gradient = try Tensor.randn([5000], seed: 9)
        try w.setGradient(gradient)
        let optimizer = AdamW8Bit([("w", w, .decayed)], options: .init())
        try optimizer.step()
        let state = Dictionary(uniqueKeysWithValues: try optimizer.state())
        let codes = try #require(try state["w.exp_avg"]?.ints())
        let scales = try #require(try state["w.exp_avg_scale"]?.floats())
        let code = CodedNumbers.code(.signed)
        for (index, g) in try gradient.floats().enumerated() {
            let exact = Double(g) * 0.1  // (1 - β₁) g
            let scale = Double(scales[index / 256])
            let found = Double(code[codes[index]]) * scale
            #expect(abs(found - exact) <= 0.0142 * scale)
        }
        // Roots that are not 0 stay above 0.
        let roots = try #require(try state["w.exp_avg_sq_root"]?.ints())
        #expect(zip(roots, try gradient.floats()).allSatisfy { $0 > 0 || $1 == 0 })
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func kernelAndPlainTwinAgree(dtype: DType) throws {
        let start = try Tensor.randn([5001], seed: 1).to(dtype)
        var states: [[String: Tensor]] = []
        var weights: [[Float]] = []
        for way in [AdamWWay.kernel, .operators] {
            let w = try start.clone()
            let slots = OptimizerSlots<CodedMoments>([("w", w, .decayed)])
            for step in 0..<5 {
                try w.setGradient(Tensor.randn([5001], seed: UInt64(step)).to(dtype))
                try slots.forEach { slot, gradient, moments throws(TorchError) in
                    try moments.step(slot, gradient, .init(weightDecay: 0.1), way)
                }
            }
            weights.append(try w.floats())
            states.append(Dictionary(uniqueKeysWithValues: try slots.saved()))
        }
        #expect(zip(weights[0], weights[1]).allSatisfy { abs($0 - $1) < 1e-2 })
        let close = zip(weights[0], weights[1]).count { abs($0 - $1) < 1e-5 * max(1, abs($1)) }
        #expect(close > 4900)
        for name in ["w.exp_avg", "w.exp_avg_sq_root"] {
            let codes = try states.map { try #require(try $0[name]?.ints()) }
            // A draw that lies at the edge of a share may fall either way.
            #expect(zip(codes[0], codes[1]).count { $0 == $1 } > 4900)
            #expect(zip(codes[0], codes[1]).allSatisfy { abs($0 - $1) <= 1 })
        }
    }

    @Test func savedStateContinuesToTheBit() throws {
        try expectSameContinuation(count: 6000) {
            AdamW8Bit([("w", $0, .decayed)], options: .init())
        }
        try expectSameContinuation(count: 60) { AdamW8Bit([("w", $0, .decayed)], options: .init()) }
    }

    @Test func momentsTakeTwoBytesAParameter() throws {
        let w = try Tensor.zeros([1 << 16])
        try w.setGradient(Tensor.ones([1 << 16]))
        let optimizer = AdamW8Bit([("w", w, .decayed)], options: .init())
        try optimizer.step()
        let bytes = try optimizer.state().reduce(0) { $0 + $1.tensor.byteCount }
        // Two codes of one byte, two scales of four bytes for 256 numbers, and the step count.
        #expect(bytes == (1 << 16) * 2 + 2 * 4 * 256 + 8)
    }
}

/// Three steps, state saved and taken up by another optimiser, three more: as six in one go.
func expectSameContinuation(count: Int, make: (Tensor) -> any Optimizer) throws {
    func run(_ steps: Range<Int>, _ w: Tensor, _ optimizer: any Optimizer) throws {
        for step in steps {
            try w.setGradient(Tensor.randn([count], seed: UInt64(step)))
            try optimizer.step()
        }
    }
    let straight = try Tensor.ones([count])
    let optimizer = make(straight)
    try run(0..<3, straight, optimizer)
    let saved = try optimizer.state().map { ($0.name, try $0.tensor.clone()) }
    let resumed = try straight.clone()
    try run(3..<6, straight, optimizer)
    let other = make(resumed)
    let state = Dictionary(uniqueKeysWithValues: saved)
    try other.loadState { state[$0] }
    try run(3..<6, resumed, other)
    #expect(try resumed.floats() == straight.floats())
}
