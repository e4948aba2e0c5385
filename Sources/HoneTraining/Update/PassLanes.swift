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

    /// What `body` gives for each of 0 ..< `count`, of passes without gradients.
    func map<Found>(_ count: Int, _ body: (Int) throws -> Found) throws -> [Found] {
        try Lanes.map(count, lanes: self.count, body)
    }

    /// Takes the outputs of a pass and the slopes that their gradients begin with; nil for one number's own.
    typealias BackwardPass = (_ outputs: [Tensor], _ slopes: [Tensor?]) throws -> Void

    /// What `body` gives for each of 0 ..< `passes`; the gradients of all are added to those of the parameters.
    ///
    /// - Parameters:
    ///   - passes: How many there are.
    ///   - model: What they go through.
    ///   - body: computes one pass and hands its outputs over once; several may go on at one time.
    func accumulate<Found>(
        _ passes: Int, of model: DecoderModel,
        _ body: (_ index: Int, _ backward: BackwardPass) throws -> Found
    ) throws -> [Found] {
        guard keepsGradientsApart else {
            return try (0..<passes).map { index in
                try body(index) { try Tensor.backward($0, gradients: $1) }
            }
        }
        let parameters = model.trainableParameters.map(\.tensor)
        var found: [Found] = []
        // Gradients wait for each other: enough of them that lanes seldom do.
        for first in stride(from: 0, to: passes, by: 2 * count) {
            let parts = try map(min(2 * count, passes - first)) { place in
                var gradients: [Tensor?] = []
                let part = try body(first + place) { outputs, slopes in
                    gradients = try Tensor.gradients(
                        of: outputs, weightedBy: slopes, withRespectTo: parameters)
                }
                return (part, gradients)
            }
            for (part, gradients) in parts {
                try addGradients(gradients, to: parameters)
                found.append(part)
            }
        }
        return found
    }
}
