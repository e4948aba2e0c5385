import Torch

/// x / √(mean(x²) + ε) · weight over the last axis, rounded where transformers rounds.
///
/// - Source: Zhang & Sennrich 2019, arXiv 1910.07467; transformers, `LlamaRMSNorm`, `Gemma3RMSNorm`.
final class RMSNorm {
    let name: String
    private(set) var weight: Tensor
    private let epsilon: Double
    private let style: ModelConfig.NormStyle

    init(name: String, weight: Tensor, config: ModelConfig) {
        self.name = name
        self.weight = weight
        epsilon = config.normEpsilon
        style = config.normStyle
    }

    /// [.., C] → [.., C].
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch style {
        case .plain where x.dtype == .float32:
            return try x.rmsNorm(weight: weight, epsilon: epsilon)
        case .plain:
            return try x.rmsNorm(weight: nil, epsilon: epsilon) * weight
        case .offset:
            return try x.to(.float32)
                .rmsNorm(weight: weight.to(.float32) + 1, epsilon: epsilon).to(x.dtype)
        }
    }
}
