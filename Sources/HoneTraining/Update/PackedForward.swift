import HoneModels
import Torch

/// The log-probabilities of a packed batch's targets under a model.
struct PackedForward {
    let model: DecoderModel
    /// Divides the logits, so that the update scores tokens under the distribution they were drawn from.
    let temperature: Double

    /// log π(target) [M] in nats, f32, differentiable, and the entropy [M] of each predicting
    /// distribution. Only the predicting rows pass the last layer behind its attention and, in chunks, the
    /// head. `known` has rows of the layers' products, which are then not computed.
    func callAsFunction(
        _ batch: PackedBatch, entropyGradient: Kernels.EntropyGradient = .none,
        known: KnownActivations? = nil
    ) throws -> (logProbabilities: Tensor, entropy: Tensor) {
        let device = model.device
        let context = try PackedAttention(layout: batch.layout, device: device)
        let tokens = try Tensor(
            batch.tokens.map(Int64.init), shape: [batch.tokens.count], device: device)
        let hidden = try model.hiddenStates(
            tokens: tokens, context: context, known: known, rows: batch.predictingRows)  // [M, C]
        let targets = try Tensor(
            batch.targets.map(Int64.init), shape: [batch.targets.count], device: device)
        return try model.logProbabilities(
            hidden, targets: targets, temperature: temperature, entropyGradient: entropyGradient)
    }
}
