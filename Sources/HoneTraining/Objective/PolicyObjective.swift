import HoneCore

/// A policy-gradient loss per token, with its derivative written out by hand.
///
/// The objective is arithmetic on a few thousand numbers, so it needs no tensors: the update hands
/// over log-probabilities, gets the derivative of the loss with respect to each of them, and starts
/// the backward pass from there. That keeps it testable against finite differences and against TRL,
/// in double precision, on any machine.
public protocol PolicyObjective: Sendable {
    /// [T] the loss of each token; values at untrained positions are not used.
    ///
    /// - Parameters:
    ///   - completion: What was computed for the completion.
    ///   - ratios: Its importance ratios, of a token or of the sequence each.
    func tokenLosses(of completion: ScoredCompletion, ratios: ImportanceRatios) -> [TokenLoss]

    /// Metrics by TRL's names of all completions of an update.
    func metrics(of tallies: [ObjectiveTally]) -> OrderedMetrics
}

/// The loss of one token before masking and normalisation.
public struct TokenLoss: Sendable, Hashable {
    public var value: Double
    /// ∂value / ∂log π(token) with the importance ratio held fixed.
    public var slope = 0.0
    /// ∂value / ∂log ρ, ρ the importance ratio.
    public var ratioSlope = 0.0
    /// Which bound on the ratio decided.
    public var bound = Bound.none
    /// The factor, taken as a constant, on the gradient of log π; 1 for losses that have none.
    public var gate = 1.0

    /// Which bound on the importance ratio decided the loss.
    public enum Bound: Sendable, Hashable {
        case none
        /// The ratio lies below, while the advantage is negative.
        case low
        /// The ratio lies above, while the advantage is positive.
        case high
    }
}

/// What the metrics need of one completion's losses.
public struct ObjectiveTally: Sendable, Hashable {
    /// How many importance ratios there are: trained tokens, or 1 for the whole sequence.
    public var ratios = 0
    /// How many of them the lower bound decided.
    public var low = 0
    /// How many of them the upper bound decided.
    public var high = 0
    /// Σ of the gates.
    public var gates = 0.0

    /// The tally of one completion.
    ///
    /// - Parameters:
    ///   - losses: [T] of its tokens.
    ///   - isTrained: [T] which of them count.
    ///   - ratios: One ratio a token, or one for all of them.
    init(_ losses: [TokenLoss], isTrained: [Bool], ratios: ImportanceRatios) {
        for (loss, isTrained) in zip(losses, isTrained) where isTrained {
            self.ratios += 1
            if loss.bound == .low { low += 1 }
            if loss.bound == .high { high += 1 }
            gates += loss.gate
            if ratios.level == .sequence { break }
        }
    }
}

extension Sequence<ObjectiveTally> {
    /// Σ part / Σ ratios over all completions; 0 for none.
    func share(_ part: (ObjectiveTally) -> Double) -> Double {
        let ratios = reduce(0) { $0 + $1.ratios }
        return reduce(0) { $0 + part($1) } / Double(Swift.max(ratios, 1))
    }
}
