public import HoneCore

extension SamplingParameters {
    /// Refuses values outside the ranges that ``SamplingParameters`` documents.
    public func validate() throws(EngineError) {
        func require(
            _ holds: Bool, _ name: String, _ value: some CustomStringConvertible, _ allowed: String
        ) throws(EngineError) {
            guard holds else {
                throw .invalidParameter(name: name, value: value.description, allowed: allowed)
            }
        }
        try require(
            temperature == 0 || (temperature >= 1e-6 && temperature.isFinite), "temperature",
            temperature, "0 (greedy) or at least 1e-6")
        try require(topK >= 0, "top_k", topK, "0 (keep all) or more")
        try require(topP > 0 && topP <= 1, "top_p", topP, "above 0 and at most 1")
        try require(minP >= 0 && minP < 1, "min_p", minP, "at least 0 and below 1")
        try require(
            repetitionPenalty > 0 && repetitionPenalty.isFinite, "repetition_penalty",
            repetitionPenalty, "above 0")
        try require(maxTokens >= 1, "max_completion_length", maxTokens, "1 or more")
    }
}
