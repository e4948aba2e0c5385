import HoneCore

/// CISPO: the importance ratio, cut off and taken as a constant, weighs the plain policy gradient.
///
/// loss_t = −min(ρ_t, ε_high) · A · log π(o_t), with the first factor held fixed, so that its slope by
/// log π is −min(ρ_t, ε_high) · A and no token loses its gradient. Here ε_high is the bound itself,
/// not a distance from 1. Sources: MiniMax-M1 (arXiv 2506.13585); the value 5 is
/// ScaleRL's (arXiv 2510.13786).
public struct CISPOObjective: PolicyObjective {
    /// The largest weight. Above 0.
    public var epsilonHigh: Double

    public init(epsilonHigh: Double) {
        self.epsilonHigh = epsilonHigh
    }

    public func tokenLosses(
        of completion: ScoredCompletion, ratios: ImportanceRatios
    ) -> [TokenLoss] {
        zip(ratios.values, completion.logProbabilities).map { ratio, logProbability in
            let weight = min(ratio, epsilonHigh)
            let slope = -weight * completion.advantage
            let isCut = ratio > epsilonHigh && completion.advantage > 0
            return TokenLoss(
                value: slope * Double(logProbability), slope: slope,
                bound: isCut ? .high : .none, gate: weight)
        }
    }

    /// `cispo_clip_ratio`: how many ratios with positive advantage were cut off.
    public func metrics(of tallies: [ObjectiveTally]) -> OrderedMetrics {
        [("cispo_clip_ratio", tallies.share { Double($0.high) })]
    }
}
