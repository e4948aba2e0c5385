import Torch

/// A weight matrix of the base as it lies in memory.
enum BaseMatrix {
    /// [O, I] in the compute type.
    case dense(Tensor)
    /// [O, I] in four bits; takes no gradient.
    case nf4(NF4Matrix)

    /// [O, I]
    var shape: [Int] {
        switch self {
        case .dense(let tensor): tensor.shape
        case .nf4(let matrix): [matrix.rows, matrix.columns]
        }
    }

    /// O · I.
    var count: Int { shape.reduce(1, *) }

    var byteCount: Int {
        switch self {
        case .dense(let tensor): tensor.byteCount
        case .nf4(let matrix): matrix.byteCount
        }
    }

    /// The tensor itself where it is dense: what an optimiser can change.
    var trainable: Tensor? {
        guard case .dense(let tensor) = self else { return nil }
        return tensor
    }

    var isDense: Bool { trainable != nil }

    /// The values in `dtype`; the tensor itself where it is dense.
    func values(_ dtype: DType) throws(TorchError) -> Tensor {
        switch self {
        case .dense(let tensor): tensor
        case .nf4(let matrix): try matrix.dense(dtype)
        }
    }

    /// x · selfᵀ + bias, [N, I] → [N, O].
    func linear(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        switch self {
        case .dense(let tensor): try x.linear(tensor, bias: bias)
        case .nf4(let matrix): try matrix.linear(x, bias: bias)
        }
    }

    /// The rows at `indices` [N] in `dtype`, [N, I], with gradient where it is dense.
    func select(_ indices: Tensor, _ dtype: DType) throws(TorchError) -> Tensor {
        switch self {
        case .dense(let tensor): try tensor.embedding(indices)
        case .nf4(let matrix): try matrix.select(indices, dtype)
        }
    }

    /// The same values in memory of their own; coded ones never change and are shared.
    func copy() throws(TorchError) -> BaseMatrix {
        switch self {
        case .dense(let tensor): .dense(try tensor.detached().clone())
        case .nf4: self
        }
    }
}
