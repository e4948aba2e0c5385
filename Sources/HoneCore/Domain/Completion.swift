/// What the model wrote for one prompt.
public struct Completion: Sendable, Hashable {
    /// Token ids after the prompt, with the end token if one was drawn.
    public var tokens: [Int32]
    /// For each token, the log-probability (nats) under the distribution it was really drawn from:
    /// after temperature, penalties and truncation, renormalised.
    public var logProbabilities: [Float]
    /// For each token, the log-probability (nats) of the unmodified model at temperature 1.
    public var rawLogProbabilities: [Float]
    public var finishReason: FinishReason
    /// How many optimiser updates the weights had seen when this was drawn.
    public var policyVersion: Int

    public enum FinishReason: String, Sendable, Hashable, Codable {
        /// An end token or a stop string.
        case stop
        /// The completion reached `max_completion_length`.
        case length
    }

    public init(
        tokens: [Int32], logProbabilities: [Float], rawLogProbabilities: [Float],
        finishReason: FinishReason, policyVersion: Int = 0
    ) {
        self.tokens = tokens
        self.logProbabilities = logProbabilities
        self.rawLogProbabilities = rawLogProbabilities
        self.finishReason = finishReason
        self.policyVersion = policyVersion
    }
}
