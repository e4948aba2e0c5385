import TestSupport
import Testing
import Torch

@Suite struct LinearLogProbabilitiesTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var rows = 37
        var width = 24
        var classes = 700
        var temperature = 1.0
        var softCap: Double? = nil
        var dtype = DType.float32
        /// 37 rows of 256 f32 columns: three blocks, few enough to be kept as one where a weight trains.
        var blockBytes = 37 * 256 * 4

        var testDescription: String {
            "\(dtype) [\(rows), \(width)] × \(classes), T \(temperature), cap \(softCap ?? 0)"
        }
    }

    static let cases = [
        Case(),
        Case(temperature: 0.7),
        Case(softCap: 5),
        Case(temperature: 1.3, softCap: 3),
        Case(rows: 1, classes: 3),
        Case(blockBytes: 1 << 20),
        Case(blockBytes: 20_000),
        Case(dtype: .bfloat16),
        Case(dtype: .bfloat16, blockBytes: 20_000),
        Case(temperature: 0.7, softCap: 5, dtype: .bfloat16),
    ]

    struct Result {
        var logProbabilities: Tensor
        var entropy: Tensor
        var toHidden: Tensor
        var toWeight: Tensor?
    }

    /// The definition, with all logits at once, in the precision of `hidden`.
    static func plain(
        _ c: Case, _ hidden: Tensor, _ weight: Tensor, _ targets: Tensor
    ) throws -> (Tensor, Tensor) {
        var logits = try hidden.linear(weight)
        if let cap = c.softCap { logits = try (logits / cap).tanh() * cap }
        let logProbabilities = try (logits / c.temperature).logSoftmax()
        let entropy = try (logProbabilities.exp() * logProbabilities).sum(-1) * -1
        return (
            try logProbabilities.gather(1, targets.unsqueeze(1)).squeeze(1), try entropy.detached()
        )
    }

    static func inputs(_ c: Case) throws -> (hidden: Tensor, weight: Tensor, targets: Tensor) {
        let hidden = try Tensor.randn([c.rows, c.width], seed: 1).to(c.dtype)
        let weight = try (Tensor.randn([c.classes, c.width], seed: 2) * 0.5).to(c.dtype)
        let targets = try (Tensor.rand([c.rows], seed: 3) * c.classes).to(.int64)
        return (hidden, weight, targets)
    }

    static func result(
        _ c: Case, dtype: DType, weightTrains: Bool,
        _ body: (Tensor, Tensor, Tensor) throws -> (Tensor, Tensor)
    ) throws -> Result {
        let (h, w, targets) = try inputs(c)
        let hidden = try h.to(dtype).clone()
        let weight = try w.to(dtype).clone()
        hidden.requiresGradient = true
        weight.requiresGradient = weightTrains
        let (logProbabilities, entropy) = try body(hidden, weight, targets)
        // Uneven weights, some of them 0, as a clipped objective gives.
        let uneven = (0..<c.rows).map { Float($0 % 4) - 1 }
        let seeds = try Tensor(uneven).to(logProbabilities.dtype)
        try logProbabilities.backward(gradient: seeds)
        guard let toHidden = hidden.gradient else { throw NoGradient() }
        return Result(
            logProbabilities: try logProbabilities.detached(), entropy: entropy, toHidden: toHidden,
            toWeight: weight.gradient)
    }

    struct NoGradient: Error {}

    @Test(arguments: cases, [true, false])
    func agreesWithAllLogitsAtOnce(_ c: Case, weightTrains: Bool) throws {
        let expected = try Self.result(c, dtype: .float64, weightTrains: weightTrains) {
            try Self.plain(c, $0, $1, $2)
        }
        let actual = try Self.result(c, dtype: c.dtype, weightTrains: weightTrains) {
            hidden, weight, targets in
            let result = try Kernels.linearLogProbabilities(
                hidden: hidden, weight: weight, targets: targets, temperature: c.temperature,
                softCap: c.softCap, blockBytes: c.blockBytes)
            return (result.logProbabilities, result.entropy)
        }
        #expect(actual.logProbabilities.dtype == .float32)
        #expect(!actual.entropy.requiresGradient)
        // f32: sums of 24 products; bf16 keeps 8 bits of each product, probability and gradient.
        let tolerance = c.dtype == .float32 ? 1e-5 : 2e-2
        try expectClose(
            actual.logProbabilities, expected.logProbabilities, absolute: tolerance * 3)
        try expectClose(actual.entropy, expected.entropy, absolute: tolerance * 3)
        #expect(actual.toHidden.dtype == c.dtype)
        #expect(try relativeError(actual.toHidden, expected.toHidden) < tolerance)
        #expect((actual.toWeight == nil) == !weightTrains)
        if let toWeight = actual.toWeight, let reference = expected.toWeight {
            #expect(try relativeError(toWeight, reference) < tolerance)
        }
    }

    /// Both outputs have gradients, weighted unevenly.
    @Test(arguments: cases, [true, false])
    func gradientsFlowThroughTheEntropyWhereAsked(_ c: Case, weightTrains: Bool) throws {
        func gradients(
            _ dtype: DType, _ body: (Tensor, Tensor, Tensor) throws -> (Tensor, Tensor)
        ) throws -> (Tensor, Tensor?) {
            let (h, w, targets) = try Self.inputs(c)
            let hidden = try h.to(dtype).clone()
            let weight = try w.to(dtype).clone()
            hidden.requiresGradient = true
            weight.requiresGradient = weightTrains
            let (logProbabilities, entropy) = try body(hidden, weight, targets)
            func seeds(_ period: Int) throws -> Tensor {
                try Tensor((0..<c.rows).map { Float($0 % period) - 1 }).to(entropy.dtype)
            }
            try Tensor.backward(
                [logProbabilities, entropy], gradients: [seeds(4), seeds(3)])
            guard let toHidden = hidden.gradient else { throw NoGradient() }
            return (toHidden, weight.gradient)
        }
        let expected = try gradients(.float64) { hidden, weight, targets in
            var logits = try hidden.linear(weight)
            if let cap = c.softCap { logits = try (logits / cap).tanh() * cap }
            let all = try (logits / c.temperature).logSoftmax()
            return (
                try all.gather(1, targets.unsqueeze(1)).squeeze(1),
                try (all.exp() * all).sum(-1) * -1
            )
        }
        let actual = try gradients(c.dtype) { hidden, weight, targets in
            let result = try Kernels.linearLogProbabilities(
                hidden: hidden, weight: weight, targets: targets, temperature: c.temperature,
                softCap: c.softCap, entropyGradient: .computed, blockBytes: c.blockBytes)
            return (result.logProbabilities, result.entropy)
        }
        // Where one token has nearly all probability the gradient vanishes, but log p + H keeps the
        // absolute error of f32, so the bound is one of the norm and of the unit seeds.
        func expectClose(_ own: Tensor, _ reference: Tensor) throws {
            let error = try (own.to(.float64) - reference).square().sum().item().squareRoot()
            let norm = try reference.square().sum().item().squareRoot()
            #expect(error < (c.dtype == .float32 ? 1e-5 : 2e-2) * (norm + 1))
        }
        try expectClose(actual.0, expected.0)
        #expect((actual.1 == nil) == !weightTrains)
        if let own = actual.1, let reference = expected.1 { try expectClose(own, reference) }
    }

    @Test func blocksDoNotChangeTheResult() throws {
        let (hidden, weight, targets) = try Self.inputs(Case())
        let small = try Kernels.linearLogProbabilities(
            hidden: hidden, weight: weight, targets: targets, blockBytes: 1)
        let large = try Kernels.linearLogProbabilities(
            hidden: hidden, weight: weight, targets: targets, blockBytes: 1 << 30)
        try expectClose(small.logProbabilities, large.logProbabilities, absolute: 2e-6)
    }

    @Test func extremeLogitsStayFinite() throws {
        // Logits of ±10,000: a sum of plain exponentials would overflow.
        let hidden = try Tensor([100, -100] as [Float], shape: [2, 1])
        let weight = try Tensor([100, -100, 0] as [Float], shape: [3, 1])
        let result = try Kernels.linearLogProbabilities(
            hidden: hidden, weight: weight, targets: Tensor([0, 0] as [Int]))
        #expect(try result.logProbabilities.floats() == [0, -20000])
        #expect(try result.entropy.floats() == [0, 0])
    }

    @Test func refusesWhatDoesNotFit() throws {
        let hidden = try Tensor.ones([2, 4])
        let weight = try Tensor.ones([10, 4])
        func call(
            _ hidden: Tensor, _ weight: Tensor, _ targets: [Int], _ temperature: Double = 1
        ) throws {
            _ = try Kernels.linearLogProbabilities(
                hidden: hidden, weight: weight, targets: Tensor(targets), temperature: temperature)
        }
        #expect(throws: TorchError.self) { try call(hidden, weight, [0, 10]) }
        #expect(throws: TorchError.self) { try call(hidden, weight, [0, -1]) }
        #expect(throws: TorchError.self) { try call(hidden, weight, [0]) }
        #expect(throws: TorchError.self) { try call(hidden, weight, [0, 1], 0) }
        #expect(throws: TorchError.self) { try call(hidden, Tensor.ones([10, 5]), [0, 1]) }
        #expect(throws: TorchError.self) {
            try call(hidden, Tensor.ones([10, 4], dtype: .bfloat16), [0, 1])
        }
    }

    @Test func noRowsGiveNoNumbers() throws {
        let result = try Kernels.linearLogProbabilities(
            hidden: Tensor.ones([0, 4]), weight: Tensor.ones([10, 4]), targets: Tensor([Int]()))
        #expect(result.logProbabilities.shape == [0])
    }
}
