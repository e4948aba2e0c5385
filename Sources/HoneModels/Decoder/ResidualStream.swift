import Torch

/// What the blocks of a decoder add to, one after the other.
///
/// The last block's result is kept apart until the next norm, which adds and normalises in one pass over
/// the rows.
struct ResidualStream {
    /// [N, C]
    private let sum: Tensor
    /// [N, C], still to be added.
    private let pending: Tensor?

    init(_ sum: Tensor, adding pending: Tensor? = nil) {
        self.sum = sum
        self.pending = pending
    }

    /// The whole stream and its norm.
    func normalized(by norm: RMSNorm) throws -> (sum: Tensor, norm: Tensor) {
        guard let pending else { return (sum, try norm(sum)) }
        return try norm(adding: pending, to: sum)
    }

    /// [N, C], all added.
    func whole() throws -> Tensor {
        guard let pending else { return sum }
        return try sum + pending
    }
}
