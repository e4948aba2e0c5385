public import Torch

/// Attention over the packed tokens of a training batch.
///
/// A prompt attends causally to itself; a branch attends to its prompt and causally to itself.
/// Gradients of all branches flow into the keys and values of the prompt they share, so the result
/// equals that of repeating the prompt for each branch.
public final class PackedAttention: AttentionContext {
    public let layout: PackedLayout
    public let positions: Tensor
    public let longestSequence: Int?

    /// Prompts and branches that have rows, alike ones together.
    private let spans: [Kernels.AttentionSpan]
    private let device: Device
    /// For devices and types that the kernel does not serve.
    private lazy var padded = Result { try PaddedAttention(spans, device: device) }

    public init(layout: PackedLayout, device: Device = .cpu) throws {
        self.layout = layout
        self.device = device
        positions = try Tensor(layout.positions, device: device)
        longestSequence = layout.longestSequence
        spans = layout.groups.flatMap { group in
            [Kernels.AttentionSpan(past: 0..<0, own: group.prompt)]
                + group.branches.map { Kernels.AttentionSpan(past: group.prompt, own: $0) }
        }.filter { !$0.own.isEmpty }.sorted {
            ($0.past.count, $0.own.count, $0.own.lowerBound)
                < ($1.past.count, $1.own.count, $1.own.lowerBound)
        }
    }

    public func attend(
        layer: Int, projections: HeadProjections, scale: Double, window: Int?, softCap: Double?
    ) throws -> Tensor {
        let joined = projections.joined
        guard
            Kernels.supportsPackedSelfAttention(
                dtype: joined.dtype, device: joined.device, width: projections.width)
        else {
            let (query, key, value) = try projections.rotated()
            let result = try attend(
                layer: layer, query: query, key: key, value: value, scale: scale, window: window,
                softCap: softCap)
            return try result.reshape(query.size(0), projections.heads * projections.width)
        }
        let angles = projections.angles
        return try Kernels.packedSelfAttention(
            joined, heads: projections.heads, keyHeads: projections.keyHeads,
            cosine: angles.cosine, sine: angles.sine, spans: spans, scale: scale, window: window,
            softCap: softCap, known: projections.known)
    }

    public func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
    ) throws -> Tensor {
        guard Kernels.supportsPackedAttention(dtype: query.dtype, device: query.device) else {
            return try padded.get().attend(
                query: query, key: key, value: value, scale: scale, window: window,
                softCap: softCap)
        }
        return try Kernels.packedAttention(
            query: query, key: key, value: value, spans: spans, scale: scale, window: window,
            softCap: softCap)
    }
}
