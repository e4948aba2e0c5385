import Torch

/// Computes decode steps of a model by one call for all layers (``DecodeStack``), where processor and
/// weights allow it.
///
/// The first step is also computed layer by layer. The bits must agree; where they do not, a warning
/// says so and the layers are computed one by one from then on.
final class FusedDecoding {
    enum Trust { case unchecked, agrees, refused }

    private(set) var trust = Trust.unchecked
    /// The layers as last asked for, and how that was; nil where they cannot be laid out.
    private var stack: DecodeStack?
    private var made: Form?

    private struct Form: Equatable {
        let usesAdapter: Bool
        let precision: DecodeStack.Precision
    }

    /// Forgets what was made of adapters.
    func reset() {
        stack = nil
        made = nil
    }

    /// The hidden states of one new token of each sequence, or nil where this cannot compute them.
    ///
    /// `stream` holds the embeddings, [N, C]; `room` takes what products and attention give; `plain` computes the
    /// same layer by layer.
    func hiddenStates(
        _ stream: Tensor, model: DecoderModel, pass: ForwardPass,
        angles: RotaryEmbedding.Angles, slidingAngles: RotaryEmbedding.Angles?,
        context: any AttentionContext, room: ActivationRoom?, plain: () throws -> Tensor
    ) throws -> Tensor? {
        guard trust != .refused, pass.dropoutSeed == nil, !recordsGradients,
            let cache = context.cachedBlocks, cache.spans.allSatisfy(\.isDecodeStep)
        else { return nil }
        let turned: DecodeStack.Angles = (angles.cosine, angles.sine)
        let others: DecodeStack.Angles? = slidingAngles.map { ($0.cosine, $0.sine) }
        if trust == .unchecked {
            guard let exact = stack(of: model, pass, .exact) else { return nil }
            let expected = try plain()
            let fast = try exact(stream, cache: cache, angles: turned, others: others)
            guard Kernels.confirm(fast, is: expected, "decoding by one call") else {
                trust = .refused
                // Once more, for the cache holds what the fast path wrote.
                return try plain()
            }
            trust = .agrees
        }
        let precision = precision(of: model)
        guard let chosen = stack(of: model, pass, precision) else { return nil }
        let kept = precision == .exact && room?.parts.count == 1 ? room : nil
        let result = try chosen(
            stream, cache: cache, angles: turned, others: others, record: kept?.parts[0].record)
        kept?.isWritten = true
        return result
    }

    /// What is wanted, where this processor can do it.
    private func precision(of model: DecoderModel) -> DecodeStack.Precision {
        DecodeStack.supports(model.decodePrecision, dtype: model.dtype, device: model.device)
            ? model.decodePrecision : .exact
    }

    private func stack(
        of model: DecoderModel, _ pass: ForwardPass, _ precision: DecodeStack.Precision
    ) -> DecodeStack? {
        let form = Form(usesAdapter: pass.usesAdapter, precision: precision)
        if made != form {
            stack = makeStack(of: model, pass, precision)
            made = form
        }
        return stack
    }

    private func makeStack(
        of model: DecoderModel, _ pass: ForwardPass, _ precision: DecodeStack.Precision
    ) -> DecodeStack? {
        let config = model.config
        guard DecodeStack.supports(precision, dtype: model.dtype, device: model.device) else {
            return nil
        }
        let layers = zip(model.layers, config.windows).compactMap { layer, window in
            let angles = window == nil || config.slidingRotary == nil ? 0 : 1
            return layer.decodeLayer(pass, window: window, angles: angles)
        }
        guard layers.count == model.layers.count else { return nil }
        return DecodeStack(
            layers: layers, lastNorm: model.norm.weight,
            shape: DecodeStack.Shape(
                heads: config.headCount, keyHeads: config.keyHeadCount,
                headWidth: config.headWidth, normEpsilon: config.normEpsilon,
                normOffset: config.normStyle == .offset ? 1 : 0, scale: config.attentionScale,
                softCap: config.attentionSoftCap, activation: config.gateActivation,
                precision: precision))
    }
}

extension Kernels.CacheSpan {
    /// One token after a prompt. A prompt of one token is none: it is computed as all prompts are.
    fileprivate var isDecodeStep: Bool { rowCount == 1 && sharedLength > 0 }
}

extension DecoderLayer {
    /// The layer as a decode stack takes it, or nil where it has to be computed otherwise.
    fileprivate func decodeLayer(
        _ pass: ForwardPass, window: Int?, angles: Int
    ) -> DecodeStack.Layer? {
        guard let queryKeyValue = attention.queryKeyValue.decodeLayer(pass),
            let attentionOutput = attention.output.decodeLayer(pass),
            let gateUp = feedForward.gateUp.decodeLayer(pass),
            let down = feedForward.down.decodeLayer(pass)
        else { return nil }
        return DecodeStack.Layer(
            queryKeyValue: queryKeyValue, attentionOutput: attentionOutput, gateUp: gateUp,
            down: down, attentionNorm: attentionNorm.weight,
            feedForwardNorm: feedForwardNorm.weight, queryNorm: attention.queryNorm?.weight,
            keyNorm: attention.keyNorm?.weight,
            attentionOutputNorm: attentionOutputNorm?.weight,
            feedForwardOutputNorm: feedForwardOutputNorm?.weight, window: window, angles: angles)
    }
}

extension Linear {
    /// The same of one linear layer: nil for weights in few bits, or an odd number of bf16 columns, which a word of two does not hold.
    fileprivate func decodeLayer(_ pass: ForwardPass) -> DecodeStack.LinearLayer? {
        guard case .dense(let weight) = matrix else { return nil }
        let additions = pass.usesAdapter ? additions(pass) : []
        let ranks = additions.reduce(0) { $0 + $1.down.shape[0] }
        guard weight.dtype != .bfloat16 || (inputWidth % 2 == 0 && ranks % 2 == 0) else {
            return nil
        }
        return DecodeStack.LinearLayer(weight: weight, bias: bias, additions: additions)
    }
}
