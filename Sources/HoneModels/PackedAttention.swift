public import Torch

/// Attention over the packed tokens of a training batch.
///
/// A prompt attends causally to itself; a branch attends to its prompt and causally to itself.
/// Gradients of all branches flow into the keys and values of the prompt they share, so the result
/// equals that of repeating the prompt for each branch.
///
/// Prompts are padded at their end to one rectangle; branches to one for each length of prompt, with
/// the prompt's keys before their own.
public final class PackedAttention: AttentionContext {
    public let layout: PackedLayout
    public let positions: Tensor
    public let longestSequence: Int?

    private let blocks: [AttentionBlock]
    /// Where each packed row stands among the rows of both blocks; nil where it stands there as is.
    private let order: Tensor?

    public init(layout: PackedLayout, device: Device = .cpu) throws {
        self.layout = layout
        positions = try Tensor(layout.positions, device: device)
        longestSequence = layout.longestSequence

        let prompts = layout.groups.map { (past: 0..<0, own: $0.prompt) }
        let branches = layout.groups.flatMap { group in
            group.branches.map { (past: group.prompt, own: $0) }
        }
        var destinations = [Int](repeating: 0, count: layout.rowCount)
        var base = 0
        var blocks: [AttentionBlock] = []
        let sequences = (prompts + branches).filter { !$0.own.isEmpty }
        let byPast = Dictionary(grouping: sequences) { $0.past.count }
        for (_, sequences) in byPast.sorted(by: { $0.key < $1.key }) {
            let block = try AttentionBlock(sequences, device: device)
            for (index, sequence) in sequences.enumerated() {
                for (place, row) in sequence.own.enumerated() {
                    destinations[row] = base + index * block.queryLength + place
                }
            }
            base += block.sequenceCount * block.queryLength
            blocks.append(block)
        }
        self.blocks = blocks
        let isIdentity =
            base == layout.rowCount
            && destinations.indices.allSatisfy {
                destinations[$0] == $0
            }
        order = isIdentity ? nil : try Tensor(destinations, device: device)
    }

    public func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
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
