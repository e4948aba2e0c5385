import Torch

/// Room in an ``ActivationRecord`` for the rows of one forward call.
public final class ActivationRoom {
    /// Rows that lie in one block.
    struct Part {
        let record: DecodeStack.Record
        /// Which of the call's rows they are.
        let rows: Range<Int>
    }

    let parts: [Part]
    private let firstPlace: Int32
    /// Whether the call has left its results here.
    var isWritten = false

    init(parts: [Part], firstPlace: Int32) {
        self.parts = parts
        self.firstPlace = firstPlace
    }

    /// The place of the call's row `index`; nil where nothing was written.
    public func place(of index: Int) -> Int32? { isWritten ? firstPlace + Int32(index) : nil }

    /// What a layer leaves.
    func layer(_ index: Int) -> Layer { Layer(parts: parts, index: index) }

    struct Layer {
        fileprivate let parts: [Part]
        fileprivate let index: Int

        /// Writes a product's result [N, O] where it is kept.
        func keep(
            _ result: Tensor, as product: (DecodeStack.Record.Layer) -> Tensor?
        ) throws(TorchError) {
            for part in parts {
                try product(part.record.layers[index])?
                    .narrow(0, part.record.firstRow, part.rows.count)
                    .copy_(result.narrow(0, part.rows))
            }
        }

        /// Says that what attention gives for these rows is unknown, as calls that do not tell its sums must.
        func keepNoAttention() throws(TorchError) {
            for part in parts {
                try part.record.layers[index].logSums?
                    .narrow(0, part.record.firstRow, part.rows.count).fill_(Float.nan)
            }
        }
    }
}
