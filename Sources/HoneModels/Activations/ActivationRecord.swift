public import Torch

/// What the products and the attention of every layer gave for tokens that the model wrote, kept until its
/// weights change.
///
/// A policy that learns from its own completions has multiplied each of their tokens by every weight once
/// already, when it drew them. A pass over the same sequences finds the results here
/// (``known(_:)``) and computes norms and gates from them alone, and the attention of prompts; its gradients
/// are those of the whole pass. The products of a forward pass are a third of a training step's without a reference;
/// reading their results costs a small part of that. Attention whose heads have norms of their own is
/// not kept and is computed for all rows; with ``Extent/feedForward`` all attention is, and its projections.
///
/// Rows are kept in the order in which they are written, in blocks that are allocated as they are needed
/// and never given back before the record itself. Where the budget ends, the rest of a sequence is
/// unknown and is computed. Not Sendable, like the model.
public final class ActivationRecord {
    /// Rows of a block.
    private static let blockRows = 256
    /// Numbers between one gate's row and the next, so that rows of a power of two's width do not all
    /// fall in the same part of a cache.
    private static let gatePadding = 32

    /// Which results of a layer are kept.
    public enum Extent: Hashable, Sendable {
        /// Those of its products and of its attention.
        case layer
        /// Those of its feed-forward block: most of a layer's multiplications, with a fifth to a third less memory.
        case feedForward
    }

    private struct Shape {
        let layers, joinedWidth, heads, headWidth, width, innerWidth: Int
        let keepsProjections, keepsAttention: Bool

        func rowBytes(_ dtype: DType) -> Int {
            var numbers = width + 2 * innerWidth + gatePadding
            if keepsProjections { numbers += joinedWidth + width }
            let attention =
                keepsAttention
                ? heads * (headWidth * dtype.byteCount + DType.float32.byteCount) : 0
            return layers * (numbers * dtype.byteCount + attention)
        }
    }

    /// How many weights the products have whose results are kept.
    public let weightCount: Int
    private let shape: Shape
    private let dtype: DType
    /// Bytes of one block.
    let blockBytes: Int
    private let mostBlocks: Int
    /// Of each block its layers.
    private(set) var blocks: [[DecodeStack.Record.Layer]] = []
    /// Rows that have been taken, in all blocks.
    private var taken = 0
    private var places: [Sequence: [Int32]] = [:]

    private struct Sequence: Hashable {
        let prompt, completion: [Int32]
    }

    /// - Parameters:
    ///   - model: What writes. Nil is returned where ``RecordingConditions`` name an obstacle.
    ///   - byteBudget: most that the rows may take. Nil is returned where not one block fits.
    ///   - extent: What is kept of each layer.
    public init?(model: DecoderModel, byteBudget: Int, keeping extent: Extent = .layer) {
        let config = model.config
        guard RecordingConditions(of: model).obstacle == nil, let first = model.layers.first else {
            return nil
        }
        shape = Shape(
            layers: model.layers.count,
            joinedWidth: (config.headCount + 2 * config.keyHeadCount) * config.headWidth,
            heads: config.headCount, headWidth: config.headWidth, width: config.modelWidth,
            innerWidth: first.feedForward.down.inputWidth,
            keepsProjections: extent == .layer,
            // Attention that is computed in any case.
            keepsAttention: extent == .layer && !config.normalizesHeads)
        weightCount = model.layers.reduce(0) { count, layer in
            let block = [layer.feedForward.gateUp, layer.feedForward.down]
            let kept = extent == .layer ? layer.linears : block
            return count + kept.reduce(0) { $0 + $1.matrix.count }
        }
        dtype = model.dtype
        blockBytes = Self.blockRows * shape.rowBytes(dtype)
        mostBlocks = max(byteBudget, 0) / blockBytes
        guard mostBlocks > 0 else { return nil }
    }

    /// What so many rows take, within the budget.
    public func byteCount(ofRows rows: Int) -> Int {
        min((rows + Self.blockRows - 1) / Self.blockRows, mostBlocks) * blockBytes
    }

    /// Whether keeping results is faster than multiplying again: each number must have cost enough
    /// multiplications for every byte of it that is written, read and written once more.
    ///
    /// At 160 a byte a step of full fine-tuning took a tenth less time, at 37 (a model 128 wide in f32) no
    /// less (`Docs/ExperimentLog.md`). What adapters add is a few hundredths of the products, and half of it
    /// is computed all the same; it is not counted.
    static func savesTime(for model: DecoderModel) -> Bool {
        let shapes = model.layers.flatMap { $0.linears.map(\.matrix.shape) }
        let multiplications = shapes.reduce(0) { $0 + $1[0] * $1[1] }
        let bytes = shapes.reduce(0) { $0 + $1[0] } * model.dtype.byteCount
        return multiplications > 64 * bytes
    }

    /// The record where nobody says how much to keep: of every row the same, so that memory and time grow as the
    /// rows do. That is ``Extent/layer`` where the budget holds so much of 32,768 rows, else
    /// ``Extent/feedForward``. Nil where keeping saves no time.
    ///
    /// The budget is three eighths of the machine's memory, or half of what weights and training leave of it where
    /// that is less. It is the same in every process of the machine, whatever memory is free: a resumed run
    /// takes over the same rows.
    ///
    /// - Parameters:
    ///   - model: What is trained, with its adapter.
    ///   - machineBytes: the machine's memory.
    public static func standard(
        for model: DecoderModel, machineBytes: Int = MemoryFigures.totalBytes
    ) -> ActivationRecord? {
        guard savesTime(for: model) else { return nil }
        // A trained number has a gradient, moments and copies; a quarter of the weights is left for passes.
        let state = 5 * model.baseBytes / 4 + 20 * model.trainableCount
        let budget = min(3 * machineBytes / 8, (machineBytes - state) / 2)
        if let whole = ActivationRecord(model: model, byteBudget: budget, keeping: .layer),
            whole.mostBlocks * blockRows >= rowsOfLargeSteps
        {
            return whole
        }
        return ActivationRecord(model: model, byteBudget: budget, keeping: .feedForward)
    }

    private static let rowsOfLargeSteps = 32_768

    /// Room for `count` rows of one call; nil where the budget has none. One block has them all where it
    /// can have them.
    public func room(for count: Int) throws(TorchError) -> ActivationRoom? {
        let left = Self.blockRows - taken % Self.blockRows
        let first = count <= Self.blockRows && left < count ? taken + left : taken
        guard count > 0, first + count <= mostBlocks * Self.blockRows else { return nil }
        var parts: [ActivationRoom.Part] = []
        taken = first
        while taken < first + count {
            let index = taken / Self.blockRows
            if index == blocks.count { blocks.append(try makeBlock()) }
            let end = min(first + count, (index + 1) * Self.blockRows)
            parts.append(
                ActivationRoom.Part(
                    record: DecodeStack.Record(
                        layers: blocks[index], firstRow: taken % Self.blockRows),
                    rows: taken - first..<end - first))
            taken = end
        }
        return ActivationRoom(parts: parts, firstPlace: Int32(first))
    }

    private func makeBlock() throws(TorchError) -> [DecodeStack.Record.Layer] {
        var layers: [DecodeStack.Record.Layer] = []
        for _ in 0..<shape.layers {
            let inner = 2 * shape.innerWidth
            layers.append(
                DecodeStack.Record.Layer(
                    queryKeyValue: shape.keepsProjections ? try rows(shape.joinedWidth) : nil,
                    attended: shape.keepsAttention
                        ? try rows(shape.heads * shape.headWidth) : nil,
                    logSums: shape.keepsAttention ? try rows(shape.heads, .float32) : nil,
                    attentionOutput: shape.keepsProjections ? try rows(shape.width) : nil,
                    gateUp: try rows(inner + Self.gatePadding).narrow(1, 0, inner),
                    down: try rows(shape.width)))
        }
        return layers
    }

    private func rows(_ width: Int, _ type: DType? = nil) throws(TorchError) -> Tensor {
        try Tensor.empty([Self.blockRows, width], dtype: type ?? dtype, device: .cpu)
    }

    /// Keeps where the tokens of a prompt and its completion lie.
    ///
    /// - Parameters:
    ///   - prompt: What was asked.
    ///   - completion: What was written.
    ///   - places: of each token that was read, from the prompt's first on; nil where it was not kept. The
    ///     last token is never read.
    public func keep(prompt: [Int32], completion: [Int32], places: [Int32?]) {
        guard places.contains(where: { $0 != nil }) else { return }
        self.places[Sequence(prompt: prompt, completion: completion)] = places.map { $0 ?? -1 }
    }

    /// The places of a prompt's tokens and of its completion's, negative for those that are unknown; nil
    /// where nothing is known of the two. Tokens beyond the list are unknown.
    public func places(prompt: [Int32], completion: [Int32]) -> [Int32]? {
        places[Sequence(prompt: prompt, completion: completion)]
    }

    /// What is known of packed rows at `places` [N], negative for unknown ones; nil where that is nothing.
    public func known(_ places: [Int32]) throws(TorchError) -> KnownActivations? {
        guard places.contains(where: { $0 >= 0 }) else { return nil }
        return try KnownActivations(blocks: blocks, places: places, blockRows: Self.blockRows)
    }

    /// Forgets every row; their memory is used again. Call it when weights have changed.
    public func removeAll() {
        places.removeAll(keepingCapacity: true)
        taken = 0
    }
}
