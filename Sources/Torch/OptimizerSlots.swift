/// What one kind of optimiser remembers of one parameter.
protocol OptimizerState {
    /// The state before the first step.
    init(for parameter: Tensor) throws(TorchError)
    /// Its tensors, under the names they are saved by.
    var parts: [(name: String, tensor: Tensor)] { get }
}

/// A parameter and what every optimiser keeps for it.
class OptimizerSlot {
    let name: String
    let parameter: Tensor
    let decay: WeightDecay
    /// Place among the optimiser's parameters.
    let ordinal: Int
    /// f32 copy of a parameter of half precision: small updates go there and are not rounded away.
    fileprivate(set) var master: Tensor?
    /// Steps in which this parameter had a gradient, the one in progress included.
    fileprivate(set) var step = 0

    fileprivate init(name: String, parameter: Tensor, decay: WeightDecay, ordinal: Int) {
        self.name = name
        self.parameter = parameter
        self.decay = decay
        self.ordinal = ordinal
    }
}

/// The parameters of an optimiser with their states: making, saving and restoring them.
struct OptimizerSlots<State: OptimizerState> {
    private final class Slot: OptimizerSlot {
        var state: State?

        /// The state, made where there is none yet.
        func prepared() throws(TorchError) -> State {
            if let state { return state }
            let made = try State(for: parameter)
            if parameter.dtype != .float32, parameter.dtype != .float64 {
                master = try parameter.detached().to(.float32).contiguous()
            }
            state = made
            return made
        }
    }

    private let slots: [Slot]

    init(_ parameters: [(name: String, tensor: Tensor, decay: WeightDecay)]) {
        precondition(
            Set(parameters.map(\.name)).count == parameters.count, "parameter names must differ")
        slots = parameters.enumerated().map { index, each in
            Slot(name: each.name, parameter: each.tensor, decay: each.decay, ordinal: index)
        }
    }

    var parameters: [Tensor] { slots.map(\.parameter) }

    /// Counts a step of each parameter that has a gradient, and calls `body` with it.
    func forEach(
        _ body: (OptimizerSlot, _ gradient: Tensor, State) throws(TorchError) -> Void
    ) throws(TorchError) {
        for slot in slots {
            guard let gradient = slot.parameter.gradient else { continue }
            let state = try slot.prepared()
            slot.step += 1
            try body(slot, gradient, state)
        }
    }

    func saved() throws(TorchError) -> [(name: String, tensor: Tensor)] {
        var saved: [(name: String, tensor: Tensor)] = []
        for slot in slots {
            guard let state = slot.state else { continue }
            saved += state.parts.map { ("\(slot.name).\($0.name)", $0.tensor) }
            if let master = slot.master { saved.append((slot.name + ".master", master)) }
            saved.append((slot.name + ".step", try Tensor([slot.step], shape: [1])))
        }
        return saved
    }

    func load(_ tensor: (String) throws -> Tensor?) throws {
        for slot in slots {
            slot.state = nil
            slot.master = nil
            slot.step = 0
            guard let step = try tensor(slot.name + ".step") else { continue }
            let state = try slot.prepared()
            slot.step = try step.reshape([]).intItem()
            for part in state.parts + (slot.master.map { [("master", $0)] } ?? []) {
                guard let source = try tensor("\(slot.name).\(part.name)") else {
                    throw TorchError.operation(
                        name: "loadState", shapes: [slot.parameter.shape],
                        dtypes: [slot.parameter.dtype],
                        message: "the saved state of \(slot.name) has no \(part.name); "
                            + "it was written by another optimiser")
                }
                try source.expecting(part.tensor.shape, "\(slot.name).\(part.name)")
                try part.tensor.copy_(source)
            }
        }
    }
}
