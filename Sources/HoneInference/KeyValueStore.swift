import HoneModels
import Torch

/// Keys and values of all layers, in blocks.
protocol KeyValueStore: AnyObject {
    /// Prepares for the calls of one batch.
    func begin(_ batch: CachedBatch) throws
    /// What the batch sees, where it lies in blocks that kernels of ours read; else nil.
    var blocks: Kernels.CachedBlocks? { get }
    /// Keeps `key` and `value` of the batch's rows and attends over all that each row sees.
    func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
    ) throws -> Tensor
}

/// What the engine's forward calls give to the model.
final class CachedContext: AttentionContext {
    let positions: Tensor
    let longestSequence: Int?
    private let store: any KeyValueStore
    var cachedBlocks: Kernels.CachedBlocks? { store.blocks }

    init(batch: CachedBatch, store: any KeyValueStore, device: Device) throws {
        positions = try Tensor(batch.positions, device: device)
        longestSequence = (batch.positions.max() ?? 0) + 1
        self.store = store
        try store.begin(batch)
    }

    /// For a batch that `store` has been prepared for.
    init(positions: Tensor, store: any KeyValueStore) {
        self.positions = positions
        longestSequence = nil
        self.store = store
    }

    func attend(
        layer: Int, query: Tensor, key: Tensor, value: Tensor, scale: Double, window: Int?,
        softCap: Double?
    ) throws -> Tensor {
        try store.attend(
            layer: layer, query: query, key: key, value: value, scale: scale, window: window,
            softCap: softCap)
    }
}
