import Torch

/// Self-attention with grouped key heads: project, normalise heads, rotate, attend, project back.
final class Attention {
    private let layer: Int
    private let config: ModelConfig
    private let window: Int?
    let queryKeyValue: Linear
    let output: Linear
    let queryNorm: RMSNorm?
    let keyNorm: RMSNorm?

    init(layer: Int, config: ModelConfig, weights: WeightReader) throws {
        self.layer = layer
        self.config = config
        window = config.windows[layer]
        let width = config.headWidth
        let sizes = [config.headCount, config.keyHeadCount, config.keyHeadCount].map { $0 * width }
        switch config.projections {
        case .separate:
            queryKeyValue = try weights.linear(
                ["q_proj", "k_proj", "v_proj"], inputs: config.modelWidth, outputs: sizes,
                bias: config.hasQueryBias)
        case .fused:
            queryKeyValue = try weights.linear(
                ["qkv_proj"], inputs: config.modelWidth, outputs: [sizes.reduce(0, +)],
                bias: config.hasQueryBias)
        }
        output = try weights.linear(
            ["o_proj"], inputs: sizes[0], outputs: [config.modelWidth],
            bias: config.hasOutputBias)
        queryNorm =
            config.normalizesHeads
            ? try weights.norm("q_norm", width: width, config: config) : nil
        keyNorm =
            config.normalizesHeads
            ? try weights.norm("k_norm", width: width, config: config) : nil
    }

    /// Attention like `other` whose parts are what `linear` and `norm` make of its parts.
    init(
        _ other: Attention, linear: (Linear) throws -> Linear, norm: (RMSNorm) throws -> RMSNorm
    ) rethrows {
        layer = other.layer
        config = other.config
        window = other.window
        queryKeyValue = try linear(other.queryKeyValue)
        output = try linear(other.output)
        queryNorm = try other.queryNorm.map(norm)
        keyNorm = try other.keyNorm.map(norm)
    }

    /// [N, C] → [N, C], or only the rows that `pass` wants.
    func callAsFunction(
        _ x: Tensor, _ angles: RotaryEmbedding.Angles, _ context: any AttentionContext,
        _ pass: ForwardPass
    ) throws -> Tensor {
        let joined = try queryKeyValue(x, pass, known: pass.known?.queryKeyValue)
        try pass.kept?.keep(joined, as: \.queryKeyValue)
        try pass.kept?.keepNoAttention()
        let projections = HeadProjections(
            joined: joined, heads: config.headCount, keyHeads: config.keyHeadCount, angles: angles,
            known: pass.known?.attention)
        let attended: Tensor
        if let queryNorm, let keyNorm {
            let (query, key, value) = try projections.separated()
            attended = try context.attend(
                layer: layer, query: angles.rotate(queryNorm(query)),
                key: angles.rotate(keyNorm(key)), value: value, scale: config.attentionScale,
                window: window, softCap: config.attentionSoftCap
            ).reshape(x.size(0), config.headCount * config.headWidth)
        } else {
            attended = try context.attend(
                layer: layer, projections: projections, scale: config.attentionScale,
                window: window, softCap: config.attentionSoftCap)
        }
        let result = try output(
            pass.wanted?.of(attended) ?? attended, pass, known: pass.known?.attentionOutput)
        try pass.kept?.keep(result, as: \.attentionOutput)
        return result
    }
}
