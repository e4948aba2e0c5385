/// Everything in which the supported families differ, as one value.
///
/// Llama, Mistral, Qwen, Phi and Gemma are seven ways of filling it; the decoder looks at this and
/// never at the family's name.
public struct ModelConfig: Sendable, Hashable {
    public var family: ModelFamily

    /// V: rows of the embedding table. A tokenizer may use fewer.
    public var vocabularySize: Int
    /// C: channels of the residual stream.
    public var modelWidth: Int
    /// Channels between the two halves of a feed-forward block.
    public var feedForwardWidth: Int
    public var layerCount: Int
    /// H: query heads.
    public var headCount: Int
    /// K: key and value heads; divides H.
    public var keyHeadCount: Int
    /// D: channels of a head. H · D need not be C.
    public var headWidth: Int
    /// The longest input the model is meant for, tokens.
    public var maximumLength: Int

    public var normEpsilon: Double
    public var normStyle: NormStyle
    /// Whether queries and keys are normalised for each head before they rotate (Qwen3, Gemma 3).
    public var normalizesHeads: Bool
    /// Whether the output of attention and of the feed-forward block is normalised before it joins
    /// the residual stream (Gemma).
    public var normalizesOutputs: Bool

    public var activation: Activation
    /// Whether q, k and v projections have a bias.
    public var hasQueryBias: Bool
    /// Whether the output projection of attention has a bias.
    public var hasOutputBias: Bool
    public var hasFeedForwardBias: Bool
    public var projections: ProjectionLayout

    /// Rotation in layers that see everything, and in all layers where `slidingRotary` is nil.
    public var rotary: RotaryConfig
    /// Rotation in sliding layers, where it differs (Gemma 3).
    public var slidingRotary: RotaryConfig?
    /// For each layer, how many tokens it looks back, itself included; nil sees all.
    public var windows: [Int?]

    /// What query · key is multiplied with.
    public var attentionScale: Double
    /// Scores become cap · tanh(score / cap).
    public var attentionSoftCap: Double?
    /// The same for logits.
    public var logitSoftCap: Double?
    /// What embeddings are multiplied with, rounded to the compute type first.
    public var embeddingScale: Double?
    /// Whether the head is the embedding table.
    public var isHeadTied: Bool

    /// Deviation of the start values of a model trained from nothing.
    public var initializerRange: Double

    /// Tokens that end a completion: `generation_config.json`'s, else `config.json`'s.
    public var endTokens: [Int32]
    public var generation: GenerationDefaults
    public var weightNames: WeightNames

    public enum NormStyle: String, Sendable, Hashable {
        /// weight · round(x / rms): rounded to the compute type before the product.
        case plain
        /// round((1 + weight) · x / rms): weights are stored around zero (Gemma).
        case offset
    }

    public enum Activation: String, Sendable, Hashable {
        case silu
        case geluTanh
    }

    /// How the published weights store the projections that read the same input.
    public enum ProjectionLayout: String, Sendable, Hashable {
        /// q_proj, k_proj, v_proj; gate_proj, up_proj.
        case separate
        /// qkv_proj; gate_up_proj (Phi).
        case fused
    }

    /// How published tensors and adapters spell the path to the decoder.
    public struct WeightNames: Sendable, Hashable {
        /// Before "embed_tokens", "layers" and "norm" in the weights: "model." as a rule.
        public var decoder: String
        /// Before the same in the names of peft.
        public var adapter: String
        /// Tensors with these prefixes belong to parts that text does not use.
        public var unused: [String]

        /// How adapter files may spell the module at `path`: as peft does on the whole model, on
        /// the text part alone, and on the whole model of older transformers.
        func spellings(of path: String) -> [String] {
            guard adapter != "model.", path.hasPrefix(adapter) else { return [path] }
            let inner = path.dropFirst(adapter.count)
            return [path, "model." + inner, decoder + inner]
        }

        public static let plain = WeightNames(decoder: "model.", adapter: "model.", unused: [])
    }
}

/// Sampling settings that the model's publisher recommends (`generation_config.json`).
public struct GenerationDefaults: Sendable, Hashable {
    public var temperature: Double?
    public var topK: Int?
    public var topP: Double?
    public var minP: Double?
    public var repetitionPenalty: Double?

    public init() {}
}
