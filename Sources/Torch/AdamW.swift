import CTorch

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
///
/// With gradient g at step t:
/// m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;
/// w ← w − lr · decay · w − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
///
/// As `torch.optim.AdamW`, but moments are f32 whatever the parameter's type, and a parameter of
/// half precision has an f32 copy that the updates go to, so that small ones are not rounded away.
public final class AdamW {
    public struct Options: Hashable, Sendable {
        public var learningRate: Double
        public var beta1: Double
        public var beta2: Double
        public var epsilon: Double
        public var weightDecay: Double

        public init(
            learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
            epsilon: Double = 1e-8, weightDecay: Double = 0
        ) {
            self.learningRate = learningRate
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.weightDecay = weightDecay
        }
    }

    /// Whether a parameter's own size pulls it to zero.
    public enum Decay: Hashable, Sendable { case decayed, exempt }

    private final class Slot {
        let name: String
        let parameter: Tensor
        let decay: Decay
        var moments: (first: Tensor, second: Tensor)?
        var master: Tensor?
        /// Steps in which this parameter had a gradient.
        var step = 0

        init(name: String, parameter: Tensor, decay: Decay) {
            self.name = name
            self.parameter = parameter
            self.decay = decay
        }
    }

    public var options: Options
    private let slots: [Slot]

    public convenience init(
        _ parameters: [(name: String, tensor: Tensor)], options: Options = Options()
    ) {
        self.init(parameters.map { ($0.name, $0.tensor, .decayed) }, options: options)
    }

    /// - Parameter parameters: float leaves; names must differ, for the state's sake.
    /// - Parameter options: Rates and decay.
    public init(
        _ parameters: [(name: String, tensor: Tensor, decay: Decay)], options: Options
    ) {
        precondition(
            Set(parameters.map(\.name)).count == parameters.count, "parameter names must differ")
        self.options = options
        slots = parameters.map { Slot(name: $0.name, parameter: $0.tensor, decay: $0.decay) }
    }

    public var parameters: [Tensor] { slots.map(\.parameter) }

    /// Updates every parameter that has a gradient. State is made at a parameter's first gradient.
    public func step() throws(TorchError) {
        for slot in slots {
            guard let gradient = slot.parameter.gradient else { continue }
            try prepare(slot)
            guard let moments = slot.moments else { continue }
            slot.step += 1
            var update = ct_adamw_update(
                learning_rate: options.learningRate, beta1: options.beta1, beta2: options.beta2,
                epsilon: options.epsilon,
                weight_decay: slot.decay == .decayed ? options.weightDecay : 0,
                step: Int64(slot.step))
            try check(
                ct_adamw_step(
                    slot.parameter.handle, gradient.handle, moments.first.handle,
                    moments.second.handle, slot.master?.handle, &update),
                "AdamW.step", [slot.parameter, gradient])
        }
    }

    /// Removes all gradients, and so frees their memory.
    public func zeroGradients() throws(TorchError) {
        for slot in slots { try slot.parameter.setGradient(nil) }
    }

    private func prepare(_ slot: Slot) throws(TorchError) {
        guard slot.moments == nil else { return }
        let parameter = slot.parameter
        func zeros() throws(TorchError) -> Tensor {
            try Tensor.zeros(parameter.shape, device: parameter.device)
        }
        slot.moments = (try zeros(), try zeros())
        if parameter.dtype != .float32, parameter.dtype != .float64 {
            slot.master = try parameter.detached().to(.float32).contiguous()
        }
    }

    // MARK: State

    /// The moments (`NAME.exp_avg`, `NAME.exp_avg_sq`), f32 copies (`NAME.master`) and step counts
    /// (`NAME.step`, one int64) of the parameters that have been updated. The tensors are the
    /// optimiser's own: write them out before the next step.
    public func state() throws(TorchError) -> [(name: String, tensor: Tensor)] {
        var state: [(name: String, tensor: Tensor)] = []
        for slot in slots {
            guard let moments = slot.moments else { continue }
            state.append((slot.name + ".exp_avg", moments.first))
            state.append((slot.name + ".exp_avg_sq", moments.second))
            if let master = slot.master { state.append((slot.name + ".master", master)) }
            state.append((slot.name + ".step", try Tensor([slot.step], shape: [1])))
        }
        return state
    }

    /// Takes a state that ``state()`` gave, copying it; parameters that it does not name start anew.
    ///
    /// - Parameter tensor: the tensor of a name, or nil where the state has none.
    public func loadState(_ tensor: (String) throws -> Tensor?) throws {
        for slot in slots {
            slot.moments = nil
            slot.master = nil
            slot.step = 0
            guard let step = try tensor(slot.name + ".step") else { continue }
            try prepare(slot)
            slot.step = try step.reshape([]).intItem()
            for (part, destination) in [
                ("exp_avg", slot.moments?.first), ("exp_avg_sq", slot.moments?.second),
                ("master", slot.master),
            ] {
                guard let destination else { continue }
                guard let source = try tensor("\(slot.name).\(part)") else {
                    throw TorchError.operation(
                        name: "AdamW.loadState", shapes: [slot.parameter.shape],
                        dtypes: [slot.parameter.dtype],
                        message: "the saved state of \(slot.name) has no \(part)")
                }
                try source.expecting(slot.parameter.shape, "\(slot.name).\(part)")
                try destination.copy_(source)
            }
        }
    }
}

/// The norm √(Σ g²) over the gradients of all `parameters`, summed in double precision.
public func gradientNorm(_ parameters: [Tensor]) throws(TorchError) -> Double {
    var norm = 0.0
    try check(
        withHandles(parameters) { ct_gradient_norm($0, $1, &norm) }, "gradientNorm", parameters)
    return norm
}

/// Scales all gradients by min(1, `maximum` / (norm + 1e-6)), as `torch.nn.utils.clip_grad_norm_`,
/// and returns the norm before. Where the norm is not finite nothing is scaled: skip the step then.
@discardableResult
public func clipGradientNorm(
    _ parameters: [Tensor], maximum: Double
) throws(TorchError) -> Double {
    let norm = try gradientNorm(parameters)
    let scale = maximum / (norm + 1e-6)
    if norm.isFinite, scale < 1 {
        try check(
            withHandles(parameters) { ct_scale_gradients($0, $1, scale) }, "clipGradientNorm",
            parameters)
    }
    return norm
}
