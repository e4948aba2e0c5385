import HoneCore

/// What asking a judge took since it was last read.
struct JudgeTally: Sendable {
    var questions = 0
    var cached = 0
    var retries = 0
    var fallbacks = 0
    var failures = 0
    var promptTokens = 0
    var completionTokens = 0
    /// Seconds from question to answer, those answered from the cache left out.
    var seconds = 0.0
    var slowest = 0.0

    /// `judge/NAME/…`: counts, mean and largest latency in seconds, and what the tokens cost.
    /// - Parameters:
    ///   - name: the reward's.
    ///   - price: of a million tokens, in whatever currency the recipe gives.
    func metrics(_ name: String, price: JudgePrice) -> OrderedMetrics {
        let asked = questions - cached
        let cost =
            (Double(promptTokens) * price.input + Double(completionTokens) * price.output) / 1e6
        return [
            ("judge/\(name)/questions", Double(questions)),
            ("judge/\(name)/cached", Double(cached)),
            ("judge/\(name)/retries", Double(retries)),
            ("judge/\(name)/fallbacks", Double(fallbacks)),
            ("judge/\(name)/failures", Double(failures)),
            ("judge/\(name)/latency_mean", asked > 0 ? seconds / Double(asked) : 0),
            ("judge/\(name)/latency_max", slowest),
            ("judge/\(name)/tokens", Double(promptTokens + completionTokens)),
            ("judge/\(name)/cost", cost),
        ]
    }
}

/// Prices of a million tokens.
struct JudgePrice: Sendable, Hashable {
    var input = 0.0
    var output = 0.0
}
