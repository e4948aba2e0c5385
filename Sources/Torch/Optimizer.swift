/// Turns gradients into changes of parameters.
///
/// A new optimiser is another implementation. What it remembers of each parameter belongs to
/// ``state()``, so that a run that takes up the state goes on to the bit.
public protocol Optimizer: AnyObject {
    /// What it changes, in the order it was given.
    var parameters: [Tensor] { get }

    /// The rate of the next step; a schedule sets it.
    var learningRate: Double { get set }

    /// Updates every parameter that has a gradient. State is made at a parameter's first gradient.
    func step() throws(TorchError)

    /// What it remembers of the parameters that have been updated: tensors of its own under
    /// `NAME.PART`, an f32 copy `NAME.master` of a parameter in half precision, and the count of its
    /// steps `NAME.step` (one int64). Write them out before the next step.
    func state() throws(TorchError) -> [(name: String, tensor: Tensor)]

    /// Takes a state that ``state()`` gave, copying it; parameters that it does not name start anew.
    ///
    /// - Parameter tensor: the tensor of a name, or nil where the state has none.
    func loadState(_ tensor: (String) throws -> Tensor?) throws
}

extension Optimizer {
    /// Removes all gradients, and so frees their memory.
    public func zeroGradients() throws(TorchError) {
        for parameter in parameters { try parameter.setGradient(nil) }
    }
}

/// Whether a parameter's own size pulls it to zero.
public enum WeightDecay: Hashable, Sendable { case decayed, exempt }
