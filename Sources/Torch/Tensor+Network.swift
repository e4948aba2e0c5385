import CTorch

extension Tensor {
    /// The matrix product; leading axes are batches and broadcast.
    public func matmul(_ other: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_matmul(handle, other.handle), "matmul", [self, other])
    }

    /// Writes `a` · `b` to this tensor, which must have the right shape and take no gradient.
    @discardableResult
    public func matmulInto_(_ a: Tensor, _ b: Tensor) throws(TorchError) -> Tensor {
        try check(ct_matmul_into(handle, a.handle, b.handle), "matmulInto_", [self, a, b])
        return self
    }

    /// beta · self + alpha · left · right, matrices.
    public func addmm(
        _ left: Tensor, _ right: Tensor, beta: Double = 1, alpha: Double = 1
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_addmm(handle, left.handle, right.handle, beta, alpha), "addmm", [self, left, right])
    }

    /// self · weightᵀ + bias: [.., I], [O, I], [O] → [.., O].
    public func linear(_ weight: Tensor, bias: Tensor? = nil) throws(TorchError) -> Tensor {
        try wrap(
            ct_linear(handle, weight.handle, bias?.handle), "linear",
            [self, weight] + (bias.map { [$0] } ?? []))
    }

    /// Rows of this [V, C] table: index [..] int64 → [.., C].
    public func embedding(_ index: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_embedding(handle, index.handle), "embedding", [self, index])
    }

    public func softmax(_ axis: Int = -1) throws(TorchError) -> Tensor {
        try wrap(ct_softmax(handle, Int64(axis)), "softmax", [self])
    }

    public func logSoftmax(_ axis: Int = -1) throws(TorchError) -> Tensor {
        try wrap(ct_log_softmax(handle, Int64(axis)), "logSoftmax", [self])
    }

    /// x / √(mean(x²) + epsilon) · weight over the last axis.
    public func rmsNorm(weight: Tensor?, epsilon: Double) throws(TorchError) -> Tensor {
        try wrap(
            ct_rms_norm(handle, weight?.handle, epsilon), "rmsNorm",
            [self] + (weight.map { [$0] } ?? []))
    }

    /// (x - mean) / √(variance + epsilon) · weight + bias over the last axis.
    public func layerNorm(
        weight: Tensor?, bias: Tensor?, epsilon: Double
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_layer_norm(handle, weight?.handle, bias?.handle, epsilon), "layerNorm",
            [self] + [weight, bias].compactMap { $0 })
    }

    /// softmax(scale · query · keyᵀ + mask) · value, where query is this tensor, [B, H, T, D].
    ///
    /// - Parameters:
    ///   - key: [B, K, S, D], with K = H unless `groupedQuery`, where K divides H.
    ///   - value: [B, K, S, D].
    ///   - mask: broadcast to [B, H, T, S]; bool (true: may attend) or added to the scores.
    ///   - causal: place t sees places up to t only; not together with `mask`.
    ///   - scale: 1/√D where nil.
    ///   - groupedQuery: Whether several query heads share a key head.
    public func scaledDotProductAttention(
        key: Tensor, value: Tensor, mask: Tensor? = nil, causal: Bool = false,
        scale: Double? = nil, groupedQuery: Bool = false
    ) throws(TorchError) -> Tensor {
        let result = withOptional(scale) {
            ct_attention(
                handle, key.handle, value.handle, mask?.handle, causal, $0, groupedQuery)
        }
        return try wrap(
            result, "scaledDotProductAttention", [self, key, value] + (mask.map { [$0] } ?? []))
    }

    /// This tensor with a share `p` of its elements zeroed and the others divided by 1 - p. The
    /// mask depends on `seed` alone (for one kind of device).
    public func dropout(_ p: Double, seed: UInt64) throws(TorchError) -> Tensor {
        guard p > 0 else { return self }
        let draws = try Tensor.rand(shape, device: device, seed: seed)
        let mask = try draws.greaterOrEqual(p).to(dtype)
        return try self * (mask.mul_(1 / (1 - p)))
    }
}
