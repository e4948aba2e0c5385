import Torch

/// x / √(mean(x²) + ε) · weight over the last axis, computed in float32.
///
/// Rounded once, at the end: transformers' Llama also rounds before the product with the weight.
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
        try Kernels.norm(
            x, weight: weight, epsilon: epsilon, offset: style == .offset ? 1 : 0)
    }

    /// x + delta and its norm, all [.., C].
    func callAsFunction(adding delta: Tensor, to x: Tensor) throws -> (sum: Tensor, norm: Tensor) {
        try Kernels.norm(
            adding: delta, to: x, weight: weight, epsilon: epsilon,
            offset: style == .offset ? 1 : 0)
    }
}
