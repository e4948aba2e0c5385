import Torch

extension DecoderModel {
    /// Moves these weights towards those of another model of the same shape, whose adapter counts as
    /// merged: w ← (1 − share) · w + share · w', computed in float32 and rounded once to the compute type.
    ///
    /// - Parameters:
    ///   - policy: where to; its weights stay as they are.
    ///   - share: 0 stays, 1 becomes the other. Range 0...1.
    public func move(towards policy: DecoderModel, share: Double) throws {
        let own = try publishedParameters()
        let others = try policy.mergedParameters()
        precondition(own.map(\.name) == others.map(\.name), "both models have the same parameters")
        try withoutGradients {
            for (own, other) in zip(own, others) {
                let moved = try own.tensor.to(.float32) * (1 - share)
                try own.tensor.copy_(moved + other.tensor.to(.float32) * share)
            }
        }
    }
}
