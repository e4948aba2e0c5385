/// What the layers of one forward call need to know besides their input.
struct ForwardPass {
    /// Whether adapters take part.
    var usesAdapter: Bool
    /// Draws dropout masks of adapters; nil: no dropout.
    var dropoutSeed: UInt64?
}
