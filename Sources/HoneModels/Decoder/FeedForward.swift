import Torch

/// down(activation(gate(x)) · up(x)) (Shazeer 2020, arXiv 2002.05202).
final class FeedForward {
    private let config: ModelConfig
    let gateUp: Linear
    let down: Linear

    init(config: ModelConfig, weights: WeightReader) throws {
        self.config = config
        let inner = config.feedForwardWidth
        switch config.projections {
        case .separate:
            gateUp = try weights.linear(
                ["gate_proj", "up_proj"], inputs: config.modelWidth, outputs: [inner, inner],
                bias: config.hasFeedForwardBias)
        case .fused:
            gateUp = try weights.linear(
                ["gate_up_proj"], inputs: config.modelWidth, outputs: [2 * inner],
                bias: config.hasFeedForwardBias)
        }
        down = try weights.linear(
            ["down_proj"], inputs: inner, outputs: [config.modelWidth],
            bias: config.hasFeedForwardBias)
    }

    /// A block like `other` whose layers are what `linear` makes of its layers.
    init(_ other: FeedForward, linear: (Linear) throws -> Linear) rethrows {
        config = other.config
        gateUp = try linear(other.gateUp)
        down = try linear(other.down)
    }

    /// Fewer rows are worked on in other blocks, which stream the weights.
    private static let fewestRowsAtOnce = 65

    /// [N, C] → [N, C].
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let activation = config.gateActivation
        let (rows, _) = try x.dims2()
        // The one call does not make what is to be kept.
        if rows >= Self.fewestRowsAtOnce, pass.kept == nil, let wide = gateUp.onlyWeight(pass),
            let narrow = down.onlyWeight(pass),
            Kernels.supportsGatedLayer(gateUp: wide, down: narrow)
        {
            guard let known = pass.known else {
                return try Kernels.gatedLayer(
                    x, gateUp: wide, down: narrow, activation: activation)
            }
            return try Kernels.gatedLayer(
                x, gateUp: wide, down: narrow, activation: activation, joined: known.gateUp,
                result: known.down)
        }
        if recordsGradients, pass.kept == nil, gateUp.isAdapted(pass) || down.isAdapted(pass),
            x.device == .cpu, let wide = gateUp.adaptedLayer(pass),
            let narrow = down.adaptedLayer(pass)
        {
            return try Kernels.adaptedFeedForward(
                x, gateUp: wide, down: narrow, activation: activation,
                known: pass.known.map { ($0.gateUp, $0.down) })
        }
        let joined = try gateUp(x, pass, known: pass.known?.gateUp)
        try pass.kept?.keep(joined, as: \.gateUp)
        let result = try down(Kernels.gate(joined, activation), pass, known: pass.known?.down)
        try pass.kept?.keep(result, as: \.down)
        return result
    }
}

extension ModelConfig {
    /// ``activation`` as the kernels name it.
    var gateActivation: Kernels.GateActivation {
        switch activation {
        case .silu: .silu
        case .geluTanh: .geluTanh
        }
    }
}
