import HoneModels
import Torch

/// How the passes of an update go on: one after the other, or for a small model side by side.
///
/// Between two operations of a small model all threads but one wait, some 6 % of a step. Passes that have
/// a thread each do not (``Torch/Lanes``). They need gradients of their own, which are then added up in the
/// passes' order.
struct PassLanes {
    /// Most passes at one time.
    let count: Int
    /// Whether passes have gradients of their own. That depends on model and budget alone: sums are the same to
    /// the bit however many threads there are.
    let keepsGradientsApart: Bool

    /// Bytes of activations and of gradients that a pass of a small model takes at most.
    private static let mostActivationBytes = 256 << 20
    private static let mostGradientBytes = 32 << 20

    static let single = PassLanes(count: 1, keepsGradientsApart: false)

    private init(count: Int, keepsGradientsApart: Bool) {
        self.count = count
        self.keepsGradientsApart = keepsGradientsApart
    }

    /// - Parameters:
    ///   - model: What the passes go through. With dropout each pass has a state of the model's own, and where
    ///     layers are computed again memory matters more than time: then one follows the other.
    ///   - tokenBudget: rows of a pass at most.
    init(for model: DecoderModel, tokenBudget: Int) {
        let passBytes = model.activationBytesPerRow.multipliedReportingOverflow(by: tokenBudget)
        let gradientBytes = model.trainableParameters.reduce(0) { $0 + $1.tensor.byteCount }
        guard model.device == .cpu, Lanes.areAvailable, model.recomputedBlock == nil,
            !model.dropsUnits, !passBytes.overflow,
            passBytes.partialValue <= Self.mostActivationBytes,
            gradientBytes <= Self.mostGradientBytes
        else {
            self = .single
            return
        }
        let bytes = passBytes.partialValue + 2 * gradientBytes
        let fitting = MemoryFigures.totalBytes / 8 / max(bytes, 1)
        self.init(count: max(min(threadCount, fitting), 1), keepsGradientsApart: true)
    }

    /// Passes whose gradients wait for each other: enough that lanes seldom do.
    var passesAtOnce: Int { keepsGradientsApart ? 2 * count : 1 }

    /// What `pass` gives for each of 0 ..< `passes`.
    func map<Found>(_ passes: Int, _ pass: (Int) throws -> Found) throws -> [Found] {
        try Lanes.map(passes, lanes: count, pass)
    }
}
