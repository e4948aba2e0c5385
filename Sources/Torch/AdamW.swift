import CTorch

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2).
///
/// With gradient g at step t:
/// m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;
/// w ← w − lr · decay · w − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
///
/// As `torch.optim.AdamW`, but moments are f32 whatever the parameter's type, and a parameter of
/// half precision has an f32 copy that the updates go to, so that small ones are not rounded away.
/// The state holds `NAME.exp_avg` and `NAME.exp_avg_sq`.
public final class AdamW: Optimizer {
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

    public var options: Options
    private let slots: OptimizerSlots<Moments>

    public convenience init(
        _ parameters: [(name: String, tensor: Tensor)], options: Options = Options()
    ) {
        self.init(parameters.map { ($0.name, $0.tensor, .decayed) }, options: options)
    }

    /// - Parameter parameters: float leaves; names must differ, for the state's sake.
    /// - Parameter options: Rates and decay.
    public init(
        _ parameters: [(name: String, tensor: Tensor, decay: WeightDecay)], options: Options
    ) {
        self.options = options
        slots = OptimizerSlots(parameters)
    }

    public var parameters: [Tensor] { slots.parameters }
    public var learningRate: Double {
        get { options.learningRate }
        set { options.learningRate = newValue }
    }

    public func step() throws(TorchError) {
        // All parameters in one call: most are far too small to occupy a processor's threads.
        var updates: [ct_adamw_slot] = []
        var gradients: [Tensor] = []
        try slots.forEach { slot, gradient, moments throws(TorchError) in
            updates.append(moments.update(slot, gradient, options))
            gradients.append(gradient)
        }
        let done = withExtendedLifetime(gradients) { ct_adamw_step(updates, Int64(updates.count)) }
        try check(done, "AdamW.step", [])
    }

    public func state() throws(TorchError) -> [(name: String, tensor: Tensor)] {
        try slots.saved()
    }

    public func loadState(_ tensor: (String) throws -> Tensor?) throws {
        try slots.load(tensor)
    }

    /// Means of gradients and of their squares, f32.
    struct Moments: OptimizerState {
        let first: Tensor
        let second: Tensor

        init(for parameter: Tensor) throws(TorchError) {
            first = try Tensor.zeros(parameter.shape, device: parameter.device)
            second = try Tensor.zeros(parameter.shape, device: parameter.device)
        }

        var parts: [(name: String, tensor: Tensor)] {
            [("exp_avg", first), ("exp_avg_sq", second)]
        }

        /// The update of one parameter, whose gradient must outlive it.
        func update(
            _ slot: OptimizerSlot, _ gradient: Tensor, _ options: Options
        ) -> ct_adamw_slot {
            ct_adamw_slot(
                parameter: slot.parameter.handle, gradient: gradient.handle, first: first.handle,
                second: second.handle, master: slot.master?.handle,
                update: ct_adamw_update(options, slot))
        }

        func step(
            _ slot: OptimizerSlot, _ gradient: Tensor, _ options: Options,
            _ way: AdamWWay = .kernel
        ) throws(TorchError) {
            var update = update(slot, gradient, options)
            let done =
                switch way {
                case .kernel: ct_adamw_step(&update, 1)
                case .operators: ct_adamw_step_plain(&update, 1)
                }
            try check(done, "AdamW.step", [slot.parameter, gradient])
        }
    }
}

/// The fast way of an update, and the slow twin that it is tested against.
enum AdamWWay { case kernel, operators }

extension ct_adamw_update {
    init(_ options: AdamW.Options, _ slot: OptimizerSlot) {
        self.init(
            learning_rate: options.learningRate, beta1: options.beta1, beta2: options.beta2,
            epsilon: options.epsilon,
            weight_decay: slot.decay == .decayed ? options.weightDecay : 0,
            step: Int64(slot.step))
    }
}
