import HoneCore

extension ModelConfig {
    /// Rotation in layers that see everything and, where it differs, in sliding ones.
    static func rotaries(
        _ reader: inout ConfigReader, _ family: ModelFamily, headWidth: Int, maximumLength: Int
    ) throws(ModelError) -> (RotaryConfig, sliding: RotaryConfig?) {
        let scaling = try reader.object("rope_scaling")
        var parameters = try reader.object("rope_parameters")
        if scaling != nil, parameters != nil {
            throw reader.contradiction(
                ["rope_scaling", "rope_parameters"], "only one of them may be given")
        }
        let base = try reader.positive("rope_theta")
        let localBase = family == .gemma3 ? try reader.positive("rope_local_base_freq") : nil
        let outside = RotaryConfig.Surroundings(
            family: family, headWidth: headWidth, maximumLength: maximumLength,
            originalLength: try reader.count("original_max_position_embeddings"),
            base: base, defaultBase: family == .gemma3 ? 1_000_000 : 10_000,
            fraction: try reader.positive("partial_rotary_factor"))
        guard family == .gemma3 else {
            return (try RotaryConfig(scaling ?? parameters, outside, file: reader.file), nil)
        }

        var local = outside
        local.base = localBase
        local.defaultBase = 10_000
        let full: ConfigReader?
        var sliding: ConfigReader?
        if let nested = parameters,
            nested.has("full_attention") || nested.has("sliding_attention")
        {
            full = try parameters?.object("full_attention")
            sliding = try parameters?.object("sliding_attention")
            try parameters?.finish()
        } else {
            full = scaling ?? parameters
            sliding = nil
        }
        return (
            try RotaryConfig(full, outside, file: reader.file),
            sliding: try RotaryConfig(sliding, local, file: reader.file)
        )
    }
}

extension ModelConfig {
    /// The value of ``DecoderModel/rotaryLength`` for a sequence that grows to `tokens` tokens.
    ///
    /// Sequences with the same value turn by the same angles and may be computed together; for others
    /// the angles of one would depend on its neighbours. 0 where angles do not depend on length.
    public func rotaryLength(for tokens: Int) -> Int {
        max(rotary.decidingLength(of: tokens), slidingRotary?.decidingLength(of: tokens) ?? 0)
    }
}

extension RotaryConfig {
    /// The shortest length with the angles of a sequence of `tokens` tokens.
    func decidingLength(of tokens: Int) -> Int {
        switch scaling {
        case .dynamic(_, let maximum): max(tokens, maximum)
        case .long(_, _, let original, _): tokens > original ? original + 1 : original
        case .none, .linear, .llama3, .yarn: 0
        }
    }
}
