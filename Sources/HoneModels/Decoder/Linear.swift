import Torch

/// x · Wᵀ + b for one published linear layer, or for several that read the same input and are
/// stored as one matrix (q, k and v; gate and up), so that they cost one product.
final class Linear {
    /// A published layer and its rows of the stored matrix.
    struct Part {
        /// Path of the module as transformers and peft spell it.
        let name: String
        /// Path of its tensors in the published weights, without ".weight".
        let stored: String
        let rows: Range<Int>
    }

    let parts: [Part]
    /// [O, I]
    let matrix: BaseMatrix
    /// [O]
    let bias: Tensor?
    /// One for each part.
    private(set) var adapters: [LoRAAdapter?]

    init(parts: [Part], matrix: BaseMatrix, bias: Tensor?) {
        self.parts = parts
        self.matrix = matrix
        self.bias = bias
        adapters = parts.map { _ in nil }
    }

    /// One name for all parts: "….q_proj+k_proj+v_proj".
    var joinedName: String {
        let (first, others) = (parts[0].stored, parts.dropFirst())
        return ([first] + others.map { String($0.stored.split(separator: ".").last ?? "") })
            .joined(separator: "+")
    }

    var inputWidth: Int { matrix.shape[1] }

    func setAdapter(_ adapter: LoRAAdapter?, part: Int) { adapters[part] = adapter }

    /// Whether an adapter takes part.
    func isAdapted(_ pass: ForwardPass) -> Bool {
        pass.usesAdapter && adapters.contains { $0 != nil }
    }

    /// The matrix where it is all there is in this pass: dense, no bias, no adapter; else nil.
    func onlyWeight(_ pass: ForwardPass) -> Tensor? {
        guard bias == nil, case .dense(let weight) = matrix, !isAdapted(pass) else { return nil }
        return weight
    }

    /// The layer as one of a block with adapters; nil where its weights are not dense, are trained or are
    /// of a type that the block is not made for.
    func adaptedLayer(_ pass: ForwardPass) -> Kernels.AdaptedLayer? {
        guard case .dense(let weight) = matrix, !weight.requiresGradient,
            weight.dtype == .float32 || weight.dtype == .bfloat16
        else { return nil }
        return Kernels.AdaptedLayer(
            weight: weight, bias: bias, additions: pass.usesAdapter ? additions(pass) : [])
    }

    /// What the adapters add.
    func additions(_ pass: ForwardPass) -> [Kernels.LowRankAddition] {
        zip(parts, adapters).compactMap { part, adapter in
            adapter?.addition(firstRow: part.rows.lowerBound, pass)
        }
    }

    /// The results of all parts side by side, [N, I] → [N, O]; `known` has rows of them.
    func callAsFunction(
        _ x: Tensor, _ pass: ForwardPass, known: Kernels.KnownRows? = nil
    ) throws -> Tensor {
        let additions = additions(pass)
        guard pass.usesAdapter, !additions.isEmpty else {
            guard let known, case .dense(let weight) = matrix else {
                return try matrix.linear(x, bias: bias)
            }
            return try Kernels.linear(x, weight: weight, bias: bias, known: known)
        }
        switch matrix {
        case .dense(let weight):
            guard let known else {
                return try Kernels.adaptedLinear(
                    x, weight: weight, bias: bias, additions: additions)
            }
            return try Kernels.adaptedLinear(
                x, weight: weight, bias: bias, additions: additions, known: known)
        case .nf4(let weight):
            let product = try weight.linear(x, bias: bias)
            return try Kernels.adding(additions, of: x, to: product)
        }
    }
}
