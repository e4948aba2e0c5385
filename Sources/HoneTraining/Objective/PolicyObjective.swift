/// What the update computed for one completion, ready for the objective. The arrays are [T].
public struct ScoredCompletion: Sendable {
    /// log π(token) under the policy being updated, nats.
    public var logProbabilities: [Float]
    /// log π_old: the policy that the importance ratio compares with.
    public var oldLogProbabilities: [Float]
    /// log π_ref; `nil` when `beta` is 0.
    public var referenceLogProbabilities: [Float]?
    public var isTrained: [Bool]
    public var advantage: Double

    public init(
        logProbabilities: [Float], oldLogProbabilities: [Float],
        referenceLogProbabilities: [Float]?, isTrained: [Bool], advantage: Double
    ) {
        self.logProbabilities = logProbabilities
        self.oldLogProbabilities = oldLogProbabilities
        self.referenceLogProbabilities = referenceLogProbabilities
        self.isTrained = isTrained
        self.advantage = advantage
    }
}

/// The loss of single tokens and its slope.
public struct TokenLosses: Sendable {
    /// [T] loss of each token before masking and normalisation.
    public var losses: [Double]
    /// [T] ∂loss_t / ∂log π(token_t).
    public var slopes: [Double]
    /// [T] whether the lower clip decided (ratio < 1 − epsilon while the advantage is negative).
    public var isClippedLow: [Bool]
    /// [T] whether the upper clip decided (ratio > 1 + epsilon_high while the advantage is positive).
    public var isClippedHigh: [Bool]
}

/// A policy-gradient loss per token, with its derivative written out by hand.
///
/// The objective is arithmetic on a few thousand numbers, so it needs no tensors: the update hands
/// over log-probabilities, gets the derivative of the loss with respect to each of them, and starts
/// the backward pass from there. That keeps it testable against finite differences and against TRL,
/// in double precision, on any machine.
public protocol PolicyObjective: Sendable {
    func tokenLosses(of completion: ScoredCompletion) -> TokenLosses
}
