import Torch

/// Results of a model's products for rows of one call, of which some are known (``ActivationRecord``).
public struct KnownActivations {
    /// Of each block its layers.
    fileprivate let blocks: [[DecodeStack.Record.Layer]]
    /// [N] negative for unknown rows.
    fileprivate let places: [Int32]

    init(blocks: [[DecodeStack.Record.Layer]], places: [Int32]) {
        self.blocks = blocks
        self.places = places
    }

    /// Those of layer `index`.
    func layer(_ index: Int) -> Layer {
        func rows(_ part: KeyPath<DecodeStack.Record.Layer, Tensor>) -> Kernels.KnownRows {
            Kernels.KnownRows(blocks: blocks.map { $0[index][keyPath: part] }, places: places)
        }
        return Layer(
            queryKeyValue: rows(\.queryKeyValue), attentionOutput: rows(\.attentionOutput),
            gateUp: rows(\.gateUp), down: rows(\.down))
    }

    /// The results of one layer's products.
    struct Layer {
        let queryKeyValue, attentionOutput, gateUp, down: Kernels.KnownRows
    }
}
