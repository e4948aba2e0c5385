/// Stochastic gradient descent with momentum.
///
/// With gradient g: g ← g + decay · w;  b ← μ b + g (b = g at the first step);  w ← w − lr · b.
///
/// As `torch.optim.SGD` without dampening or Nesterov's variant: weight decay is part of the gradient
/// here, unlike ``AdamW``'s. The buffer is f32 and a parameter of half precision has an f32 copy. Without
/// momentum nothing but that copy is kept. The state holds `NAME.momentum_buffer`.
///
/// - Source: Polyak's momentum in the form of Sutskever et al. 2013, "On the importance of initialization and
///   momentum in deep learning", with the learning rate outside the buffer as torch has it.
public final class SGD: Optimizer {
    public struct Options: Hashable, Sendable {
        public var learningRate: Double
        /// μ. [0, 1).
        public var momentum: Double
        public var weightDecay: Double

        public init(learningRate: Double, momentum: Double = 0, weightDecay: Double = 0) {
            self.learningRate = learningRate
            self.momentum = momentum
            self.weightDecay = weightDecay
        }
    }

    public var options: Options
    private let slots: Slots

    /// What is remembered depends on whether there is momentum, for a whole run.
    private enum Slots {
        case buffered(OptimizerSlots<Buffer>)
        case bare(OptimizerSlots<Nothing>)
    }

    /// - Parameter parameters: float leaves; names must differ, for the state's sake.
    /// - Parameter options: Rate, momentum and decay.
    public init(
        _ parameters: [(name: String, tensor: Tensor, decay: WeightDecay)], options: Options
    ) {
        self.options = options
        slots =
            options.momentum == 0
            ? .bare(OptimizerSlots(parameters)) : .buffered(OptimizerSlots(parameters))
    }

    public var parameters: [Tensor] {
        switch slots {
        case .buffered(let slots): slots.parameters
        case .bare(let slots): slots.parameters
        }
    }
    public var learningRate: Double {
        get { options.learningRate }
        set { options.learningRate = newValue }
    }

    public func step() throws(TorchError) {
        switch slots {
        case .buffered(let slots):
            try slots.forEach { slot, gradient, buffer throws(TorchError) in
                try withoutGradients { () throws(TorchError) in
                    // The buffer starts at 0, so the first step leaves the gradient in it.
                    try buffer.mean.mul_(options.momentum).add_(pull(gradient, slot))
                    try move(slot, by: buffer.mean)
                }
            }
        case .bare(let slots):
            try slots.forEach { slot, gradient, _ throws(TorchError) in
                try withoutGradients { () throws(TorchError) in
                    try move(slot, by: pull(gradient, slot))
                }
            }
        }
    }

    /// The gradient in f32, decay included.
    private func pull(_ gradient: Tensor, _ slot: OptimizerSlot) throws(TorchError) -> Tensor {
        let wide = try gradient.to(.float32)
        guard slot.decay == .decayed, options.weightDecay != 0 else { return wide }
        let weight: Tensor
        if let master = slot.master {
            weight = master
        } else {
            weight = try slot.parameter.detached()
        }
        return try wide + weight.to(.float32) * options.weightDecay
    }

    private func move(_ slot: OptimizerSlot, by change: Tensor) throws(TorchError) {
        let target = try slot.parameter.detached()
        guard let master = slot.master else {
            try target.add_(change, scale: -options.learningRate)
            return
        }
        try master.add_(change, scale: -options.learningRate)
        try target.copy_(master)
    }

    public func state() throws(TorchError) -> [(name: String, tensor: Tensor)] {
        switch slots {
        case .buffered(let slots): try slots.saved()
        case .bare(let slots): try slots.saved()
        }
    }

    public func loadState(_ tensor: (String) throws -> Tensor?) throws {
        switch slots {
        case .buffered(let slots): try slots.load(tensor)
        case .bare(let slots): try slots.load(tensor)
        }
    }

    private struct Buffer: OptimizerState {
        let mean: Tensor

        init(for parameter: Tensor) throws(TorchError) {
            mean = try Tensor.zeros(parameter.shape, device: parameter.device)
        }
        var parts: [(name: String, tensor: Tensor)] { [("momentum_buffer", mean)] }
    }

    private struct Nothing: OptimizerState {
        init(for parameter: Tensor) {}
        var parts: [(name: String, tensor: Tensor)] { [] }
    }
}
