import CTorch

/// Runs `body` without recording gradients on this thread. Synchronous, since the mode belongs to
/// the thread.
public func withoutGradients<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let before = ct_exchange_grad_mode(false)
    defer { _ = ct_exchange_grad_mode(before) }
    return try body()
}

/// Whether operations on this thread record what gradients need.
public var recordsGradients: Bool { ct_grad_mode() }

extension Tensor {
    /// Whether gradients flow to this tensor. Only a float leaf can be set.
    public var requiresGradient: Bool {
        get { ct_requires_grad(handle) }
        set {
            // Setting fails only for integer tensors and results of operations: a programming error.
            precondition(
                ct_set_requires_grad(handle, newValue), String(cString: ct_error_message()))
        }
    }

    /// What ``backward(gradient:retainGraph:)`` has added up for this leaf so far.
    public var gradient: Tensor? { ct_grad(handle).map { Tensor(handle: $0) } }

    /// Puts `gradient` in place of the one so far; nil removes it and frees its memory.
    public func setGradient(_ gradient: Tensor?) throws(TorchError) {
        try check(ct_set_grad(handle, gradient?.handle), "setGradient", [self])
    }

    /// The same memory, cut from the record of operations.
    public func detached() throws(TorchError) -> Tensor {
        try wrap(ct_detach(handle), "detached", [self])
    }

    /// Adds the gradient of this tensor, weighted by `gradient` (needed unless it is one number),
    /// to the gradients of all leaves it depends on.
    public func backward(
        gradient: Tensor? = nil, retainGraph: Bool = false
    ) throws(TorchError) {
        try Tensor.backward([self], gradients: [gradient], retainGraph: retainGraph)
    }

    /// As ``backward(gradient:retainGraph:)`` for several outputs in one pass.
    public static func backward(
        _ outputs: [Tensor], gradients: [Tensor?], retainGraph: Bool = false
    ) throws(TorchError) {
        precondition(outputs.count == gradients.count, "one gradient for each output")
        let done = withExtendedLifetime(gradients) {
            let seeds = gradients.map { $0?.handle }
            return withHandles(outputs) { ct_backward($0, seeds, $1, retainGraph) }
        }
        try check(done, "backward", outputs)
    }

    /// The gradients of `outputs`, weighted by `gradients`, with respect to `inputs`, without
    /// touching the leaves' own; nil for an input the outputs do not depend on.
    public static func gradients(
        of outputs: [Tensor], weightedBy gradients: [Tensor?], withRespectTo inputs: [Tensor],
        retainGraph: Bool = false
    ) throws(TorchError) -> [Tensor?] {
        precondition(outputs.count == gradients.count, "one gradient for each output")
        var results = [OpaquePointer?](repeating: nil, count: inputs.count)
        let done = withExtendedLifetime(gradients) {
            let seeds = gradients.map { $0?.handle }
            return withHandles(outputs) { outputs, count in
                withHandles(inputs) { inputs, inputCount in
                    ct_gradients(
                        outputs, seeds, count, inputs, inputCount, retainGraph, &results)
                }
            }
        }
        try check(done, "gradients", outputs + inputs)
        return results.map { $0.map { Tensor(handle: $0) } }
    }
}

/// Adds to the gradient of each of `parameters`; one that has none yet takes over the tensor itself.
///
/// - Parameters:
///   - gradients: one for each parameter, of its shape; nil adds nothing.
///   - parameters: leaves.
public func addGradients(
    _ gradients: [Tensor?], to parameters: [Tensor]
) throws(TorchError) {
    precondition(gradients.count == parameters.count, "one gradient for each parameter")
    let added = gradients.map { $0?.handle }
    let done = withExtendedLifetime(gradients) {
        withHandles(parameters) { ct_add_gradients($0, added, $1) }
    }
    try check(done, "addGradients", parameters)
}
