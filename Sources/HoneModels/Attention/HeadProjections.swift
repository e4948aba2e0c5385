import Torch

/// Queries, keys and values of a layer's N rows side by side, before they are rotated.
public struct HeadProjections {
    /// [N, (H + 2 K) · D]
    let joined: Tensor
    /// H.
    let heads: Int
    /// K.
    let keyHeads: Int
    let angles: RotaryEmbedding.Angles
    /// What attention gives for some of the rows, where that is known.
    var known: Kernels.KnownAttention?

    /// D.
    var width: Int { joined.shape[1] / (heads + 2 * keyHeads) }

    /// Queries [N, H, D] and keys [N, K, D], rotated, and values [N, K, D].
    func rotated() throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let parts = try separated()
        return (try angles.rotate(parts.query), try angles.rotate(parts.key), parts.value)
    }

    /// The same, not rotated.
    func separated() throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let (rows, _) = try joined.dims2()
        let parts = try joined.split([heads * width, keyHeads * width, keyHeads * width], 1)
        return (
            try parts[0].reshape(rows, heads, width), try parts[1].reshape(rows, keyHeads, width),
            try parts[2].reshape(rows, keyHeads, width)
        )
    }
}
