import HoneCore

extension ModelConfig {
    /// Takes end tokens and sampling defaults from `generation_config.json`. Keys that this does not
    /// read concern only transformers' own generation.
    mutating func read(generation root: JSONObject, file: String) throws(ModelError) {
        var reader = ConfigReader(file: file, members: root)
        if let ends = try reader.tokens("eos_token_id") { endTokens = ends }
        generation.temperature = try reader.number("temperature")
        generation.topK = try reader.integer("top_k")
        generation.topP = try reader.number("top_p")
        generation.minP = try reader.number("min_p")
        generation.repetitionPenalty = try reader.number("repetition_penalty")
    }
}
