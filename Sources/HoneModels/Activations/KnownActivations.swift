import Torch

/// Results of a model's products and attention for rows of one call, of which some are known (``ActivationRecord``).
public struct KnownActivations {
    /// Of each block its layers.
    fileprivate let blocks: [[DecodeStack.Record.Layer]]
    /// [N] negative for unknown rows.
    fileprivate let places: [Int32]

    init(blocks: [[DecodeStack.Record.Layer]], places: [Int32]) {
        self.blocks = blocks
        self.places = places
    }

    /// Those of layer `index`, behind its attention only of the rows that are wanted.
    func layer(_ index: Int, wanted: WantedRows?) -> Layer {
        func rows(
            _ part: KeyPath<DecodeStack.Record.Layer, Tensor>, _ places: [Int32]
        ) -> Kernels.KnownRows {
            Kernels.KnownRows(blocks: blocks.map { $0[index][keyPath: part] }, places: places)
        }
        func attention() -> Kernels.KnownAttention? {
            let results = blocks.compactMap { $0[index].attended }
            let logSums = blocks.compactMap { $0[index].logSums }
            guard results.count == blocks.count, logSums.count == blocks.count else { return nil }
            return Kernels.KnownAttention(
                results: Kernels.KnownRows(blocks: results, places: places),
                logSums: Kernels.KnownRows(blocks: logSums, places: places))
        }
        let some = wanted.map { $0.indices.map { places[$0] } } ?? places
        return Layer(
            queryKeyValue: rows(\.queryKeyValue, places),
            attention: attention(),
            attentionOutput: rows(\.attentionOutput, some), gateUp: rows(\.gateUp, some),
            down: rows(\.down, some))
    }

    /// The results of one layer's products, and of its attention.
    struct Layer {
        let queryKeyValue: Kernels.KnownRows
        let attention: Kernels.KnownAttention?
        let attentionOutput, gateUp, down: Kernels.KnownRows
    }
}
