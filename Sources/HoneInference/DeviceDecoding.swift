import HoneCore
import HoneModels
import Torch

/// Decodes several tokens of every running completion on the device, before the host looks at one.
///
/// A step reads its tokens where the step before wrote them: model, drawing and the choice of cache places
/// are all operations of the device on tensors that stay in place. So the host need not wait for a
/// token before it asks for the next, and the whole step can be recorded once for each number of rows and
/// replayed (``RecordedWork``). Completions that end within a burst are cut back afterwards; what was
/// computed for them beyond their end is lost.
///
/// Draws by inverse CDF like ``Kernels/sample(_:_:seen:)``, from the same uniform numbers, but without top-k,
/// top-p, min-p and repetition penalty.
final class DeviceDecoding {
    /// Most tokens of a completion in one burst: a completion wastes half of them on average.
    static let longestBurst = 8

    /// What one completion needs.
    struct Row {
        /// Drawn last, not yet seen by the model.
        let token: Int32
        /// Of `token` in its sequence.
        let position: Int
        let temperature: Double
        /// Draws the next tokens: one number in [0, 1) for each of the burst.
        let uniforms: [Double]
        /// Cache place of each position; those beyond are not kept.
        let places: () -> [Int]
    }

    /// What is the same for a burst and the one after, so that nothing is laid out anew.
    struct Layout: Hashable {
        let seats: [Scheduler.Seat]
        let version: Int
        let usesAdapter: Bool
    }

    private let model: DecoderModel
    private let store: GatheredStore
    private var recording: Recording
    private var layout: Layout?
    /// Position of each row's next token after the last burst.
    private var positions: [Int] = []
    private var lanes: DecodeLanes?
    private var step: RecordedWork?

    /// Whether steps are recorded, or computed one operation after the other.
    enum Recording { case on, off }

    init(model: DecoderModel, store: GatheredStore, recording: Recording) {
        self.model = model
        self.store = store
        self.recording = recording
    }

    /// Forgets the tensors and what was recorded with them.
    func reset() {
        layout = nil
        lanes = nil
        step = nil
    }

    /// Draws `length` tokens for each row.
    /// - Returns: [length][rows].
    func burst(_ rows: [Row], length: Int, layout next: Layout) throws -> [[Kernels.Drawn]] {
        let reach = (rows.map(\.position).max() ?? 0) + length
        let isNew = lanes.map { !$0.holds(rows: rows.count, places: reach) } ?? true
        let isRenewed = layout?.version != next.version || layout?.usesAdapter != next.usesAdapter
        if isNew || isRenewed { step = nil }
        let lanes: DecodeLanes
        if isNew {
            // Memory of the old ones is given back before the new are made.
            self.lanes = nil
            lanes = try DecodeLanes(
                rows: rows.count, places: reach, emptyPlace: store.emptyPlace, model: model)
            self.lanes = lanes
        } else if let known = self.lanes {
            lanes = known
        } else {
            preconditionFailure("lanes are either new or known")
        }
        // Rows that were decoded elsewhere in between have moved on.
        let starts = rows.map(\.position)
        try lanes.begin(
            rows, length: length, isLaidOut: !isNew && layout == next && positions == starts)
        layout = next
        positions = starts.map { $0 + length }
        for _ in 0..<length { try advance(lanes) }
        return try lanes.drawn(rows: rows.count, length: length)
    }

    /// One step of all lanes.
    private func advance(_ lanes: DecodeLanes) throws {
        if let step { return try step.replay() }
        // The first one is computed as it stands: what the model prepares once must not be recorded.
        try lanes.advance(model, store)
        guard case .on = recording, RecordedWork.isSupported(on: model.device) else { return }
        do {
            step = try RecordedWork(on: model.device) { try lanes.advance(model, store) }
        } catch is TorchError {
            // Told by the shim; slower, but right.
            recording = .off
        }
    }
}
