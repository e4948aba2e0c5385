import HoneCore

/// The factor that each token's loss gets in the sum over the whole optimiser batch.
///
/// With S completions, |o_s| trained tokens in completion s and N = Σ|o_s|:
/// | `loss_type` | weight of a token of s | source |
/// |---|---|---|
/// | `grpo`, `sapo` | 1 / (S · \|o_s\|) | DeepSeekMath, arXiv 2402.03300 |
/// | `bnpo` | 1 / N | TRL's name for the batch mean over tokens |
/// | `dapo`, `cispo`, `vespo` | 1 / N | DAPO, arXiv 2503.14476 §3.3 |
/// | `dr_grpo` | 1 / (S · `max_completion_length`) | Dr. GRPO, arXiv 2503.20783 |
/// | `luspo` | 1 / S: each sequence counts by its length | LUSPO, arXiv 2602.05261 |
///
/// Weights are computed once for the whole batch, before it is cut into micro-batches, so every cut
/// gives the same gradient. In TRL `bnpo` counts the tokens of each micro-batch instead and changes
/// with the cut; for an uncut batch the two are equal.
public struct LossNormalization: Sendable {
    public var lossType: GRPOConfig.LossType
    public var maxCompletionLength: Int

    public init(lossType: GRPOConfig.LossType, maxCompletionLength: Int) {
        self.lossType = lossType
        self.maxCompletionLength = maxCompletionLength
    }

    /// The weight of one token of each completion, given the number of trained tokens of each.
    public func weights(trainedTokens: [Int]) -> [Double] {
        let sequences = Double(trainedTokens.count)
        let tokens = Double(max(trainedTokens.reduce(0, +), 1))
        return trainedTokens.map { count in
            switch lossType {
            case .grpo, .sapo: 1 / (sequences * Double(max(count, 1)))
            case .bnpo, .dapo, .cispo, .vespo: 1 / tokens
            case .drGRPO: 1 / (sequences * Double(maxCompletionLength))
            case .luspo: 1 / sequences
            }
        }
    }
}
