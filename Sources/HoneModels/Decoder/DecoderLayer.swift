import Torch

/// One block: attention, then feed-forward, each normalised before and joined to the residual
/// stream; Gemma also normalises what joins.
final class DecoderLayer {
    let attention: Attention
    let feedForward: FeedForward
    let attentionNorm: RMSNorm
    let feedForwardNorm: RMSNorm
    let attentionOutputNorm: RMSNorm?
    let feedForwardOutputNorm: RMSNorm?

    init(layer: Int, config: ModelConfig, weights: WeightReader) throws {
        func norm(_ name: String) throws -> RMSNorm {
            try weights.norm(name, width: config.modelWidth, config: config)
        }
        attention = try Attention(layer: layer, config: config, weights: weights["self_attn"])
        feedForward = try FeedForward(config: config, weights: weights["mlp"])
        attentionNorm = try norm("input_layernorm")
        if config.normalizesOutputs {
            attentionOutputNorm = try norm("post_attention_layernorm")
            feedForwardNorm = try norm("pre_feedforward_layernorm")
            feedForwardOutputNorm = try norm("post_feedforward_layernorm")
        } else {
            attentionOutputNorm = nil
            feedForwardNorm = try norm("post_attention_layernorm")
            feedForwardOutputNorm = nil
        }
    }

    /// A layer like `other` whose parts are what `linear` and `norm` make of its parts.
    init(
        _ other: DecoderLayer, linear: (Linear) throws -> Linear, norm: (RMSNorm) throws -> RMSNorm
    ) rethrows {
        attention = try Attention(other.attention, linear: linear, norm: norm)
        feedForward = try FeedForward(other.feedForward, linear: linear)
        attentionNorm = try norm(other.attentionNorm)
        feedForwardNorm = try norm(other.feedForwardNorm)
        attentionOutputNorm = try other.attentionOutputNorm.map(norm)
        feedForwardOutputNorm = try other.feedForwardOutputNorm.map(norm)
    }

    var linears: [Linear] {
        [attention.queryKeyValue, attention.output, feedForward.gateUp, feedForward.down]
    }

    var norms: [RMSNorm] {
        [
            attentionNorm, attention.queryNorm, attention.keyNorm, attentionOutputNorm,
            feedForwardNorm, feedForwardOutputNorm,
        ].compactMap { $0 }
    }

    /// The stream behind this layer, of all rows or those that `pass` wants.
    func callAsFunction(
        _ input: ResidualStream, _ angles: RotaryEmbedding.Angles, _ context: any AttentionContext,
        _ pass: ForwardPass
    ) throws -> ResidualStream {
        let (x, normedX) = try input.normalized(by: attentionNorm)
        var attended = try attention(normedX, angles, context, pass)
        if let attentionOutputNorm { attended = try attentionOutputNorm(attended) }
        let (middle, normedMiddle) = try ResidualStream(pass.wanted?.of(x) ?? x, adding: attended)
            .normalized(by: feedForwardNorm)
        var fed = try feedForward(normedMiddle, pass)
        if let feedForwardOutputNorm { fed = try feedForwardOutputNorm(fed) }
        return ResidualStream(middle, adding: fed)
    }
}
