import Torch

/// B sequences that continue pasts of one length P, padded at their end to T query places.
///
/// Key places 0..<P hold the past, the next T the sequence's own tokens; a query at place t is at key
/// place P + t. Padding comes after the end, where causality hides it from real tokens.
final class AttentionBlock {
    let sequenceCount: Int
    /// T.
    let queryLength: Int
    /// P.
    private let pastLength: Int
    /// Packed row of each query place, [B · T]; nil where the places are the first packed rows.
    private let queryRows: Tensor?
    /// Packed row of each key place, [B · (P + T)]; nil where it is as `queryRows`.
    private let keyRows: Tensor?
    private let device: Device
    private var masks: [MaskKey: Tensor] = [:]

    private struct MaskKey: Hashable {
        var window: Int?
        var heads: Int
        var dtype: DType
    }

    /// - Parameter sequences: not empty; `own` ranges not empty; `past` ranges equally long.
    init(_ sequences: [Kernels.AttentionSpan], device: Device) throws {
        let queryLength = sequences.map(\.own.count).max() ?? 0
        sequenceCount = sequences.count
        self.queryLength = queryLength
        pastLength = sequences[0].past.count
        self.device = device

        // Padding repeats a real row: what is read there is never used.
        func own(_ sequence: Kernels.AttentionSpan) -> [Int] {
            let padding = queryLength - sequence.own.count
            return Array(sequence.own)
                + [Int](repeating: sequence.own.lowerBound, count: padding)
        }
        let queries = sequences.flatMap(own)
        let isIdentity = queries == Array(0..<queries.count)
        queryRows = isIdentity ? nil : try Tensor(queries, device: device)
        keyRows =
            pastLength == 0
            ? nil : try Tensor(sequences.flatMap { Array($0.past) + own($0) }, device: device)
    }

    /// The block's results, [B · T, H · D], padding included; see ``AttentionContext``.
    func attend(
        query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?, softCap: Double?
    ) throws -> Tensor {
        let (_, heads, width) = try query.dims3()
        let keyHeads = try key.size(1)
        let keyLength = pastLength + queryLength
        let reach = window.flatMap { $0 < keyLength ? $0 : nil }
        let queries = try places(query, queryRows, queryLength)  // [B, T, H, D]
        let keys = try places(key, keyRows ?? queryRows, keyLength).transpose(1, 2)  // [B, K, S, D]
        let values = try places(value, keyRows ?? queryRows, keyLength).transpose(1, 2)
        let rows = sequenceCount * queryLength

        if pastLength == 0, reach == nil, softCap == nil {
            let result = try queries.transpose(1, 2).scaledDotProductAttention(
                key: keys, value: values, causal: true, scale: scale,
                groupedQuery: heads != keyHeads)
            return try result.transpose(1, 2).reshape(rows, heads * width)
        }
        // Query heads that share a key head are folded into its rows, so that keys and values need
        // not be repeated: [B, K, R · T, D] with R = H / K.
        let shared = heads / keyHeads
        let folded = try queries.reshape(sequenceCount, queryLength, keyHeads, shared, width)
            .permute(0, 2, 3, 1, 4)
            .reshape(sequenceCount, keyHeads, shared * queryLength, width)
        let mask = try mask(window: reach, heads: shared, dtype: query.dtype)
        let result: Tensor
        if let softCap {
            let scores = try folded.matmul(keys.transpose(2, 3)) * scale
            let capped = try (scores / softCap).tanh() * softCap
            let weights = try (capped + mask).softmax()
            result = try weights.matmul(values)
        } else {
            result = try folded.scaledDotProductAttention(
                key: keys, value: values, mask: mask, scale: scale)
        }
        return try result.reshape(sequenceCount, keyHeads, shared, queryLength, width)
            .permute(0, 3, 1, 2, 4).reshape(rows, heads * width)
    }

    /// Packed rows [N, heads, D] at the block's places: [B, length, heads, D].
    private func places(_ rows: Tensor, _ index: Tensor?, _ length: Int) throws -> Tensor {
        let (count, heads, width) = try rows.dims3()
        let chosen =
            if let index {
                try rows.reshape(count, heads * width).embedding(index)
            } else {
                try rows.narrow(0, 0, sequenceCount * length)
            }
        return try chosen.reshape(sequenceCount, length, heads, width)
    }

    /// What is added to scores: 0 where a query place may see a key place, -∞ where not;
    /// [1, 1, heads · T, P + T].
    private func mask(window: Int?, heads: Int, dtype: DType) throws -> Tensor {
        let name = MaskKey(window: window, heads: heads, dtype: dtype)
        if let known = masks[name] { return known }
        let mask = try withoutGradients {
            let places = pastLength + queryLength
            let keys = try Tensor.arange(places, device: device)
            let queries = try Tensor.arange(queryLength, device: device).unsqueeze(1) + pastLength
            let distance = try queries - keys  // [T, P + T]
            var hidden = try distance.less(0)
            if let window { hidden = try hidden.logicalOr(distance.greaterOrEqual(window)) }
            return try Tensor.zeros(hidden.shape, dtype: dtype, device: device)
                .maskedFill(hidden, -Double.infinity).tile([heads, 1]).unsqueeze(0).unsqueeze(0)
        }
        masks[name] = mask
        return mask
    }
}
