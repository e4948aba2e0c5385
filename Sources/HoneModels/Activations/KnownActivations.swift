import Torch

/// Results of a model's products and attention for rows of one call, of which some are known (``ActivationRecord``).
public struct KnownActivations {
    /// Of each block its layers.
    private let blocks: [[DecodeStack.Record.Layer]]
    /// [N] negative for unknown rows.
    private let numbers: [Int32]
    private let blockRows: Int
    private let places: Kernels.RowPlaces

    init(
        blocks: [[DecodeStack.Record.Layer]], places: [Int32], blockRows: Int
    ) throws(TorchError) {
        self.blocks = blocks
        self.blockRows = blockRows
        numbers = places
        self.places = try Kernels.RowPlaces(places, blockRows: blockRows)
    }

    /// Those of layer `index`, behind its attention only of the rows that are wanted.
    func layer(_ index: Int, wanted: WantedRows?) throws(TorchError) -> Layer {
        let layers = blocks.map { $0[index] }
        var some = places
        if let wanted {
            some = try Kernels.RowPlaces(
                wanted.indices.map { numbers[$0] }, blockRows: blockRows)
        }
        /// What every block keeps, or nothing.
        func rows(
            _ result: (DecodeStack.Record.Layer) -> Tensor?, at places: Kernels.RowPlaces
        ) -> Kernels.KnownRows? {
            let kept = layers.compactMap(result)
            return kept.count == layers.count
                ? Kernels.KnownRows(blocks: kept, places: places) : nil
        }
        var attention: Kernels.KnownAttention?
        if let results = rows(\.attended, at: places), let sums = rows(\.logSums, at: places) {
            attention = Kernels.KnownAttention(results: results, logSums: sums)
        }
        return Layer(
            queryKeyValue: rows(\.queryKeyValue, at: places), attention: attention,
            attentionOutput: rows(\.attentionOutput, at: some),
            gateUp: Kernels.KnownRows(blocks: layers.map(\.gateUp), places: some),
            down: Kernels.KnownRows(blocks: layers.map(\.down), places: some))
    }

    /// The results of one layer's products, and of its attention; nil for those that are not kept.
    struct Layer {
        let queryKeyValue: Kernels.KnownRows?
        let attention: Kernels.KnownAttention?
        let attentionOutput: Kernels.KnownRows?
        let gateUp, down: Kernels.KnownRows
    }
}
