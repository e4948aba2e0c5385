import Torch

/// What GGUF calls the tensors of a model, and in which order it keeps their rows.
struct GGUFNames {
    let config: ModelConfig
    let architecture: String

    /// - Throws: ``GGUFError/notExact(what:)`` for a family or an option that the architectures of
    ///   llama.cpp compute otherwise, or that this does not write.
    init(_ config: ModelConfig) throws(GGUFError) {
        switch config.family {
        case .llama: architecture = "llama"
        case .qwen2: architecture = "qwen2"
        case .qwen3: architecture = "qwen3"
        case .mistral, .phi3, .gemma2, .gemma3:
            throw .notExact(what: "the family \(config.family.rawValue)")
        }
        guard config.windows.allSatisfy({ $0 == nil }) else {
            throw .notExact(what: "a sliding window")
        }
        switch config.rotary.scaling {
        case .none, .linear, .llama3: break
        case .dynamic, .yarn, .long: throw .notExact(what: "this kind of rope_scaling")
        }
        guard config.rotary.width == config.headWidth else {
            throw .notExact(what: "a rotation of a part of each head")
        }
        guard config.projections == .separate, !config.hasOutputBias, !config.hasFeedForwardBias,
            config.hasQueryBias == (config.family == .qwen2),
            config.normalizesHeads == (config.family == .qwen3), config.activation == .silu
        else {
            throw .notExact(what: "biases, norms or an activation that the family has elsewhere")
        }
        self.config = config
    }

    /// The name of the tensor published as `name`.
    func name(_ published: String) throws(GGUFError) -> String {
        let whole = [
            "model.embed_tokens.weight": "token_embd.weight",
            "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight",
        ]
        if let name = whole[published] { return name }
        let path = published.split(separator: ".").map(String.init)
        let parts = [
            "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
            "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
            "q_norm": "attn_q_norm", "k_norm": "attn_k_norm", "gate_proj": "ffn_gate",
            "up_proj": "ffn_up", "down_proj": "ffn_down",
        ]
        guard path.count >= 5, path[0] == "model", path[1] == "layers",
            let part = parts[path[path.count - 2]], let kind = path.last
        else { throw .notExact(what: "the tensor \(published)") }
        return "blk.\(path[2]).\(part).\(kind)"
    }

    /// How many heads' rows of the tensor published as `name` are kept in another order; nil for none.
    ///
    /// llama.cpp turns neighbouring channels (2i, 2i + 1) in the architecture `llama`, where published
    /// weights turn (i, i + D/2).
    private func interleavedHeads(_ published: String) -> Int? {
        guard architecture == "llama" else { return nil }
        if published.hasSuffix("q_proj.weight") { return config.headCount }
        if published.hasSuffix("k_proj.weight") { return config.keyHeadCount }
        return nil
    }

    /// Rows in the file's order.
    func stored(_ tensor: Tensor, published: String) throws(TorchError) -> Tensor {
        guard let heads = interleavedHeads(published) else { return tensor }
        let (rows, columns) = try tensor.dims2()
        return try tensor.reshape(heads, 2, rows / heads / 2, columns).transpose(1, 2)
            .reshape(rows, columns)
    }

    /// Rows in the published order: undoes ``stored(_:published:)``.
    func published(_ tensor: Tensor, name: String) throws(TorchError) -> Tensor {
        guard let heads = interleavedHeads(name) else { return tensor }
        let (rows, columns) = try tensor.dims2()
        return try tensor.reshape(heads, rows / heads / 2, 2, columns).transpose(1, 2)
            .reshape(rows, columns)
    }

    /// Sizes and constants by llama.cpp's keys.
    var metadata: [(key: String, value: GGUFValue)] {
        func size(_ value: Int) -> GGUFValue { .uint32(UInt32(value)) }
        var keys: [(String, GGUFValue)] = [
            ("block_count", size(config.layerCount)),
            ("context_length", size(config.maximumLength)),
            ("embedding_length", size(config.modelWidth)),
            ("feed_forward_length", size(config.feedForwardWidth)),
            ("attention.head_count", size(config.headCount)),
            ("attention.head_count_kv", size(config.keyHeadCount)),
            ("attention.key_length", size(config.headWidth)),
            ("attention.value_length", size(config.headWidth)),
            ("attention.layer_norm_rms_epsilon", .float32(Float(config.normEpsilon))),
            ("rope.freq_base", .float32(Float(config.rotary.base))),
            ("rope.dimension_count", size(config.rotary.width)),
            ("vocab_size", size(config.vocabularySize)),
        ]
        if case .linear(let factor) = config.rotary.scaling {
            keys += [
                ("rope.scaling.type", .string("linear")),
                ("rope.scaling.factor", .float32(Float(factor))),
            ]
        }
        return keys.map { ("\(architecture).\($0.0)", $0.1) }
    }

    /// What divides the frequencies of Llama 3.1's scaling, [D/2] as `rope_freqs.weight`; nil for
    /// other scalings.
    var frequencyDivisors: [Float]? {
        guard case .llama3 = config.rotary.scaling else { return nil }
        var plain = config.rotary
        plain.scaling = .none
        return zip(plain.frequencies(length: 0), config.rotary.frequencies(length: 0)).map {
            Float($0 / $1)
        }
    }
}
