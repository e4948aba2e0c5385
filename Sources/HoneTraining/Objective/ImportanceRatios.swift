import Foundation
import HoneCore

/// The importance ratios of one completion, and how they answer to its log-probabilities.
///
/// - `token`: ρ_t = π(o_t) / π_old(o_t) (PPO, arXiv 1707.06347);
/// - `sequence`: ρ_t = s for all t, with s = exp(mean over trained t of log π(o_t) − log π_old(o_t)),
///   the length-normalised ratio of GSPO (arXiv 2507.18071, eq. 7).
public struct ImportanceRatios: Sendable {
    public let level: GRPOConfig.ImportanceSamplingLevel
    /// [T] ρ.
    public let values: [Double]
    private let isTrained: [Bool]

    /// The ratios of `completion`.
    ///
    /// - Parameters:
    ///   - completion: Its log-probabilities now and under the old policy.
    ///   - level: One ratio a token, or one for the whole completion.
    public init(of completion: ScoredCompletion, level: GRPOConfig.ImportanceSamplingLevel) {
        self.level = level
        isTrained = completion.isTrained
        let logRatios = zip(completion.logProbabilities, completion.oldLogProbabilities).map {
            Double($0) - Double($1)
        }
        switch level {
        case .token: values = logRatios.map(exp)
        case .sequence:
            let mean =
                completion.sumOverTrained { logRatios[$0] }
                / Double(max(completion.trainedCount, 1))
            values = Array(repeating: exp(mean), count: logRatios.count)
        }
    }

    /// [T] ∂L/∂log π of a loss whose derivatives by the logarithms of the ratios are `slopes` [T],
    /// which are 0 outside trained positions.
    ///
    /// A sequence's ratio depends on each of its n trained tokens by 1/n.
    public func pulledBack(_ slopes: [Double]) -> [Double] {
        switch level {
        case .token: return slopes
        case .sequence:
            let share = slopes.reduce(0, +) / Double(max(isTrained.count { $0 }, 1))
            return isTrained.map { $0 ? share : 0 }
        }
    }
}
