import Torch

/// Keys and values for devices and types without a kernel of ours: gathered into one rectangle per
/// call and attended by libtorch.
final class GatheredStore: KeyValueStore {
    /// One row for each place of the cache and two more, [blocks · 16 + 2, K, D]. Zero at first: a place
    /// that the mask hides is still multiplied by zero, and that of a NaN would be NaN.
    private let pools: [(key: Tensor, value: Tensor)]
    /// Never written: stands where a row has no place.
    let emptyPlace: Int
    /// Never read where it counts: takes what must not be kept.
    let wastePlace: Int
    private let device: Device
    private var view: View?

    /// Where the rows of one batch lie. S spans of at most T rows that see at most L places.
    struct View {
        let spanCount: Int
        let rowLimit: Int
        let placeLimit: Int
        /// [N] cache place that each row writes.
        let written: Tensor
        /// [S · T] packed row of each query, padded with row 0.
        let queryRows: Tensor
        /// [N] place of each packed row among the S · T queries.
        let order: Tensor
        /// [S · L] cache place of each key, padded with place 0.
        let places: Tensor
        /// [S, 1, T, 1] position of each query.
        let positions: Tensor
        /// [1, 1, 1, L] position of each key.
        let keyPositions: Tensor
        var masks: [Int?: Tensor] = [:]
    }

    init(plan: CachePlan, layers: Int, keyHeads: Int, headWidth: Int, dtype: DType, device: Device)
        throws
    {
        emptyPlace = plan.blockCount * plan.blockLength
        wastePlace = emptyPlace + 1
        let shape = [wastePlace + 1, keyHeads, headWidth]
        pools = try (0..<layers).map { _ in
            (
                try Tensor.zeros(shape, dtype: dtype, device: device),
                try Tensor.zeros(shape, dtype: dtype, device: device)
            )
        }
        self.device = device
    }

    var blocks: Kernels.CachedBlocks? { nil }

    /// Prepares for a call whose rows lie as `view` says.
    func begin(_ view: View) { self.view = view }

    func begin(_ batch: CachedBatch) throws {
        let rows = batch.spans.map(\.rowCount).max() ?? 0
        let places = batch.spans.map { $0.firstPosition + $0.rowCount }.max() ?? 0
        var written = [Int](repeating: 0, count: batch.rowCount)
        var order = written
        var queryRows: [Int] = []
        var keyPlaces: [Int] = []
        var positions: [Int] = []
        for (index, span) in batch.spans.enumerated() {
            for row in 0..<span.rowCount {
                written[span.firstRow + row] = batch.place(
                    of: span.firstPosition + row, in: span)
                order[span.firstRow + row] = index * rows + row
            }
            for row in 0..<rows {
                let isReal = row < span.rowCount
                queryRows.append(isReal ? span.firstRow + row : 0)
                positions.append(span.firstPosition + min(row, span.rowCount - 1))
            }
            let length = span.firstPosition + span.rowCount
            for position in 0..<places {
                keyPlaces.append(position < length ? batch.place(of: position, in: span) : 0)
            }
        }
        let spans = batch.spans.count
        view = View(
            spanCount: spans, rowLimit: rows, placeLimit: places,
            written: try Tensor(written, device: device),
            queryRows: try Tensor(queryRows, device: device),
            order: try Tensor(order, device: device),
            places: try Tensor(keyPlaces, device: device),
            positions: try Tensor(positions, shape: [spans, 1, rows, 1], device: device),
            keyPositions: try Tensor.arange(places, device: device).reshape(1, 1, 1, places))
    }

    func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
    ) throws -> Tensor {
        guard let view else { preconditionFailure("attend before begin") }
        let (rows, heads, width) = try query.dims3()
        let keyHeads = try key.size(1)
        let pool = pools[layer]
        try pool.key.indexCopy_(0, view.written, key)
        try pool.value.indexCopy_(0, view.written, value)
        func gathered(_ pool: Tensor) throws -> Tensor {  // [S, K, L, D]
            try pool.indexSelect(0, view.places)
                .reshape(view.spanCount, view.placeLimit, keyHeads, width).transpose(1, 2)
        }
        let queries = try query.indexSelect(0, view.queryRows)
            .reshape(view.spanCount, view.rowLimit, heads, width).transpose(1, 2)
        let keys = try gathered(pool.key)
        let values = try gathered(pool.value)
        let mask = try mask(window: window)
        let result: Tensor  // [S, H, T, D]
        if let softCap {
            let group = heads / keyHeads
            let scores = try queries.to(.float32)
                .matmul(keys.to(.float32).repeatInterleave(group, 1).transpose(2, 3))
            let capped = try (scores * (scale / softCap)).tanh() * softCap
            let weights = try capped.maskedFill(mask.logicalNot(), -Double.infinity).softmax()
            result = try weights.matmul(values.to(.float32).repeatInterleave(group, 1))
                .to(query.dtype)
        } else {
            result = try queries.scaledDotProductAttention(
                key: keys, value: values, mask: mask, scale: scale, groupedQuery: heads != keyHeads)
        }
        return try result.transpose(1, 2).reshape(view.spanCount * view.rowLimit, heads, width)
            .indexSelect(0, view.order).reshape(rows, heads, width)
    }

    /// Which places each query sees, [S, 1, T, L] bool.
    private func mask(window: Int?) throws -> Tensor {
        guard var view else { preconditionFailure("mask before begin") }
        if let known = view.masks[window] { return known }
        let distance = try view.positions - view.keyPositions
        var sees = try distance.greaterOrEqual(0)
        if let window { sees = try sees.logicalAnd(distance.less(window)) }
        view.masks[window] = sees
        self.view = view
        return sees
    }
}
