import Torch

/// Keys and values for the kernel of our own, which reads blocks where they lie.
final class BlockStore: KeyValueStore {
    private let pools: [(key: Tensor, value: Tensor)]
    private var batch = CachedBatch()

    /// The memory is not touched before it is used.
    init(plan: CachePlan, layers: Int, keyHeads: Int, headWidth: Int, dtype: DType) throws {
        let shapes = Kernels.cachePoolShapes(
            blocks: plan.blockCount, keyHeads: keyHeads, headWidth: headWidth)
        pools = try (0..<layers).map { _ in
            (
                try Tensor.empty(shapes.key, dtype: dtype),
                try Tensor.empty(shapes.value, dtype: dtype)
            )
        }
    }

    func begin(_ batch: CachedBatch) { self.batch = batch }

    var blocks: Kernels.CachedBlocks? {
        Kernels.CachedBlocks(pools: pools, spans: batch.spans, tables: batch.tables)
    }

    func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
    ) throws -> Tensor {
        try Kernels.cachedAttention(
            query: query, key: key, value: value, keyPool: pools[layer].key,
            valuePool: pools[layer].value, spans: batch.spans, tables: batch.tables, scale: scale,
            window: window, softCap: softCap)
    }
}
