import Torch

/// Packed attention from libtorch's own operations: sequences whose pasts are equally long are padded
/// to one rectangle (``AttentionBlock``).
final class PaddedAttention {
    private let blocks: [AttentionBlock]
    /// Where each packed row stands among the rows of all blocks; nil where it stands there as is.
    private let order: Tensor?

    /// - Parameter spans: as ``PackedAttention`` sorts them; together they own all rows.
    init(_ spans: [Kernels.AttentionSpan], device: Device) throws {
        var destinations = [Int](repeating: 0, count: spans.reduce(0) { $0 + $1.own.count })
        var base = 0
        var blocks: [AttentionBlock] = []
        let byPast = Dictionary(grouping: spans) { $0.past.count }
        for (_, spans) in byPast.sorted(by: { $0.key < $1.key }) {
            let block = try AttentionBlock(spans, device: device)
            for (index, span) in spans.enumerated() {
                for (place, row) in span.own.enumerated() {
                    destinations[row] = base + index * block.queryLength + place
                }
            }
            base += block.sequenceCount * block.queryLength
            blocks.append(block)
        }
        self.blocks = blocks
        let isIdentity =
            base == destinations.count && destinations == Array(0..<destinations.count)
        order = isIdentity ? nil : try Tensor(destinations, device: device)
    }

    /// See ``AttentionContext/attend(layer:query:key:value:scale:window:softCap:)``.
    func attend(
        query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?, softCap: Double?
    ) throws -> Tensor {
        let (rows, heads, width) = try query.dims3()
        let results = try blocks.map {
            try $0.attend(
                query: query, key: key, value: value, scale: scale, window: window,
                softCap: softCap)
        }
        guard !results.isEmpty else { return query }
        let joined = results.count == 1 ? results[0] : try Tensor.cat(results)  // [rows, H · D]
        let result = try order.map { try joined.embedding($0) } ?? joined
        return try result.reshape(rows, heads, width)
    }
}
