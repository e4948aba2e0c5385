import HoneModels
import Torch

/// The policy that the KL term holds on to.
enum ReferencePolicy {
    /// `beta` is 0: nothing is computed or kept.
    case none
    /// The same weights with the adapter switched off.
    case adapterOff(DecoderModel)
    /// A frozen copy, for full fine-tuning.
    case copy(DecoderModel)

    /// log π_ref [M] of the batch's targets, nats; `nil` without a reference.
    func logProbabilities(of batch: PackedBatch, _ forward: PackedForward) throws -> [Float]? {
        switch self {
        case .none: return nil
        case .adapterOff(let model):
            model.adapterEnabled = false
            defer { model.adapterEnabled = true }
            return try withoutGradients { try forward(batch).logProbabilities.floats() }
        case .copy(let model):
            let frozen = PackedForward(model: model, temperature: forward.temperature)
            return try withoutGradients { try frozen(batch).logProbabilities.floats() }
        }
    }
}
