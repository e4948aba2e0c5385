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
        let results = layers.compactMap(\.attended)
        let logSums = layers.compactMap(\.logSums)
        let hasAttention = results.count == layers.count && logSums.count == layers.count
        return Layer(
            queryKeyValue: Kernels.KnownRows(blocks: layers.map(\.queryKeyValue), places: places),
            attention: hasAttention
                ? Kernels.KnownAttention(
                    results: Kernels.KnownRows(blocks: results, places: places),
                    logSums: Kernels.KnownRows(blocks: logSums, places: places)) : nil,
            attentionOutput: Kernels.KnownRows(
                blocks: layers.map(\.attentionOutput), places: some),
            gateUp: Kernels.KnownRows(blocks: layers.map(\.gateUp), places: some),
            down: Kernels.KnownRows(blocks: layers.map(\.down), places: some))
    }

    /// The results of one layer's products, and of its attention.
    struct Layer {
        let queryKeyValue: Kernels.KnownRows
        let attention: Kernels.KnownAttention?
        let attentionOutput, gateUp, down: Kernels.KnownRows
    }
}
