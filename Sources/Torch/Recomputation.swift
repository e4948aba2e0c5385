import CTorch

/// What `body` makes of `input`, made again in the backward pass instead of being kept.
///
/// The forward pass runs `body` without recording and keeps `input` alone; the backward pass runs it
/// once more with recording and goes back through it, so the memory of what lies between is freed in
/// between at the price of one more forward pass. `body` must compute the same both times: then
/// gradients are the same to the bit. Gradients flow to `input` and to leaves that `body` uses.
///
/// - Source: Chen et al. 2016, arXiv 1604.06174; `torch.utils.checkpoint` with `use_reentrant=True`,
///   but leaves get gradients even where `input` needs none.
/// - Parameters:
///   - input: what the piece starts from.
///   - body: used on the thread of the backward pass too, and kept until then.
public func recomputed(
    _ input: Tensor, _ body: @escaping (Tensor) throws -> Tensor
) throws -> Tensor {
    let context = RecomputedBody(body)
    var functions = ct_recomputation(
        context: Unmanaged.passRetained(context).toOpaque(),
        forward: { context, input in
            guard let context, let input else { return nil }
            let body = Unmanaged<RecomputedBody>.fromOpaque(context).takeUnretainedValue()
            return body.run(input)
        },
        release: { context in
            guard let context else { return }
            Unmanaged<RecomputedBody>.fromOpaque(context).release()
        })
    let result = ct_recomputed(input.handle, &functions)
    if let failure = context.failure { throw failure }
    return try wrap(result, "recomputed", [input])
}

private final class RecomputedBody {
    private let body: (Tensor) throws -> Tensor
    /// What `body` threw: the C side only learns that it failed.
    private(set) var failure: (any Error)?

    init(_ body: @escaping (Tensor) throws -> Tensor) { self.body = body }

    /// A handle of its own to the result, or nil after a failure.
    func run(_ input: OpaquePointer) -> OpaquePointer? {
        do {
            guard let copy = ct_alias(input) else { return nil }
            let result = try body(Tensor(handle: copy))
            return ct_alias(result.handle)
        } catch {
            failure = error
            return nil
        }
    }
}
