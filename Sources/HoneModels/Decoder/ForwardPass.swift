/// What the layers of one forward call need to know besides their input.
struct ForwardPass {
    /// Whether adapters take part.
    var usesAdapter: Bool
    /// Draws dropout masks of adapters; nil: no dropout.
    var dropoutSeed: UInt64?
    /// Where the results of the layer's products stay; nil keeps none.
    var kept: ActivationRoom.Layer?
    /// What the layer's products give for some of the rows, where that is known.
    var known: KnownActivations.Layer?
    /// The rows that the layer is to give, of the last one; nil: all.
    var wanted: WantedRows?
}
