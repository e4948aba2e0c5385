public import Torch

/// How a layer sees the past: the one thing in which training and generation differ.
///
/// The model computes queries, keys and values of the N packed tokens of a call and asks the context
/// for each layer's result. ``PackedAttention`` answers from the packed tokens alone, a cache also
/// from tokens of earlier calls.
public protocol AttentionContext: AnyObject {
    /// Place of each packed token in its own sequence, [N] int64, from 0.
    var positions: Tensor { get }

    /// Tokens of the longest sequence in this call, past included, where the context knows it.
    ///
    /// Scalings that depend on length (`dynamic`, `longrope`) choose their angles by it. Where it
    /// is nil, they look at ``positions``.
    var longestSequence: Int? { get }

    /// Where keys and values lie in a cache of blocks on the CPU, for a call that computes all layers;
    /// nil where only ``attend(layer:query:key:value:scale:window:softCap:)`` answers.
    var cachedBlocks: Kernels.CachedBlocks? { get }

    /// softmax(scale · query · keyᵀ) · value over what each token may see.
    ///
    /// - Parameters:
    ///   - layer: which layer asks, from 0.
    ///   - query: [N, H, D], rotated.
    ///   - key: [N, K, D], rotated.
    ///   - value: [N, K, D].
    ///   - scale: what scores are multiplied with.
    ///   - window: how many tokens each looks back, itself included; nil sees all.
    ///   - softCap: scores become cap · tanh(score / cap).
    /// - Returns: [N, H, D].
    func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
    ) throws -> Tensor

    /// The same of projections that have not been rotated; [N, H · D].
    func attend(
        layer: Int, projections: HeadProjections, scale: Double, window: Int?, softCap: Double?
    ) throws -> Tensor
}

extension AttentionContext {
    public func attend(
        layer: Int, projections: HeadProjections, scale: Double, window: Int?, softCap: Double?
    ) throws -> Tensor {
        let (query, key, value) = try projections.rotated()
        let result = try attend(
            layer: layer, query: query, key: key, value: value, scale: scale, window: window,
            softCap: softCap)
        return try result.reshape(query.size(0), projections.heads * projections.width)
    }

    public var longestSequence: Int? { nil }
    public var cachedBlocks: Kernels.CachedBlocks? { nil }
}
