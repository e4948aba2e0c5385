import CTorch

extension Kernels {
    /// Log-probabilities of given tokens under a linear output head, without the [N, V] logits.
    ///
    /// z = cap(hidden · weightᵀ) / temperature, with cap(x) = softCap · tanh(x / softCap);
    /// logProbabilities[i] = z[i, targets[i]] − log Σᵥ exp z[i, v];
    /// entropy[i] = −Σᵥ p[i, v] log p[i, v], all in nats and f32.
    ///
    /// The columns of V are worked through in blocks with a running log-sum-exp, so that only about
    /// `blockBytes` of logits exist at one time. Where `weight` is frozen, the forward pass also
    /// gathers each row's gradient (as flash attention gathers its values), and the backward pass
    /// only scales it: two products of the head's size instead of three. Where `weight` trains, the
    /// backward pass makes the blocks again, unless all logits together take no more than four blocks'
    /// memory and are neither scaled nor capped: then they are one block, and stay. No gradient flows
    /// through the entropy unless it is asked for; then the blocks are made again too, and
    /// ∂H/∂z[v] = −p[v] · (log p[v] + H).
    ///
    /// - Parameters:
    ///   - hidden: [N, C], any float type.
    ///   - weight: [V, C], the type of `hidden`.
    ///   - targets: [N] int64 in 0..<V.
    ///   - temperature: above 0.
    ///   - softCap: Gemma 2's cap of the final logits; nil for none.
    ///   - entropyGradient: whether a gradient flows through the entropy.
    ///   - blockBytes: a bound on the f32 logits of a block; a block is never below 256 columns.
    public static func linearLogProbabilities(
        hidden: Tensor, weight: Tensor, targets: Tensor, temperature: Double = 1,
        softCap: Double? = nil, entropyGradient: EntropyGradient = .none,
        blockBytes: Int = 4 << 20
    ) throws(TorchError) -> (logProbabilities: Tensor, entropy: Tensor) {
        var logProbabilities: OpaquePointer?
        var entropy: OpaquePointer?
        try check(
            ct_linear_log_probabilities(
                hidden.handle, weight.handle, targets.handle, temperature, softCap ?? 0,
                Int64(blockBytes), entropyGradient == .computed, &logProbabilities, &entropy),
            "linearLogProbabilities", [hidden, weight, targets])
        return (
            try wrap(logProbabilities, "linearLogProbabilities", [hidden]),
            try wrap(entropy, "linearLogProbabilities", [hidden])
        )
    }
    /// Whether a gradient flows through the entropy of
    /// ``linearLogProbabilities(hidden:weight:targets:temperature:softCap:entropyGradient:blockBytes:)``.
    public enum EntropyGradient: Sendable, Hashable {
        case none, computed
    }
}
