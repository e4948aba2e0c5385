import CTorch

// Operations that change the tensor they are called on. They return it, for chains.
extension Tensor {
    /// self += scale · other.
    @discardableResult
    public func add_(_ other: Tensor, scale: Double = 1) throws(TorchError) -> Tensor {
        try check(ct_add_(handle, other.handle, scale), "add_", [self, other])
        return self
    }

    @discardableResult
    public func add_(_ value: some TensorScalar) throws(TorchError) -> Tensor {
        try check(ct_add_scalar_(handle, value.scalar), "add_", [self])
        return self
    }

    @discardableResult
    public func sub_(_ other: Tensor) throws(TorchError) -> Tensor { try add_(other, scale: -1) }

    @discardableResult
    public func mul_(_ other: Tensor) throws(TorchError) -> Tensor {
        try check(ct_mul_(handle, other.handle), "mul_", [self, other])
        return self
    }

    @discardableResult
    public func mul_(_ value: some TensorScalar) throws(TorchError) -> Tensor {
        try check(ct_mul_scalar_(handle, value.scalar), "mul_", [self])
        return self
    }

    @discardableResult
    public func div_(_ other: Tensor) throws(TorchError) -> Tensor {
        try check(ct_div_(handle, other.handle), "div_", [self, other])
        return self
    }

    @discardableResult
    public func fill_(_ value: some TensorScalar) throws(TorchError) -> Tensor {
        try check(ct_fill_(handle, value.scalar), "fill_", [self])
        return self
    }

    @discardableResult
    public func zero_() throws(TorchError) -> Tensor { try fill_(0) }

    /// Takes the elements of `source`, converted and broadcast.
    @discardableResult
    public func copy_(_ source: Tensor) throws(TorchError) -> Tensor {
        try check(ct_copy_(handle, source.handle), "copy_", [self, source])
        return self
    }

    /// self += weight · (end - self).
    @discardableResult
    public func lerp_(_ end: Tensor, _ weight: Double) throws(TorchError) -> Tensor {
        try check(ct_lerp_(handle, end.handle, weight), "lerp_", [self, end])
        return self
    }

    /// self += scale · a · b.
    @discardableResult
    public func addcmul_(_ a: Tensor, _ b: Tensor, scale: Double = 1) throws(TorchError) -> Tensor {
        try check(ct_addcmul_(handle, a.handle, b.handle, scale), "addcmul_", [self, a, b])
        return self
    }

    @discardableResult
    public func maskedFill_(_ mask: Tensor, _ value: some TensorScalar) throws(TorchError)
        -> Tensor
    {
        try check(
            ct_masked_fill_(handle, mask.handle, value.scalar), "maskedFill_", [self, mask])
        return self
    }

    /// Writes the slices of `source` to the places `index` (int64 vector) of `axis`.
    @discardableResult
    public func indexCopy_(
        _ axis: Int, _ index: Tensor, _ source: Tensor
    ) throws(TorchError) -> Tensor {
        try check(
            ct_index_copy_(handle, Int64(axis), index.handle, source.handle), "indexCopy_",
            [self, index, source])
        return self
    }

    @discardableResult
    public func indexAdd_(
        _ axis: Int, _ index: Tensor, _ source: Tensor
    ) throws(TorchError) -> Tensor {
        try check(
            ct_index_add_(handle, Int64(axis), index.handle, source.handle), "indexAdd_",
            [self, index, source])
        return self
    }

    @discardableResult
    public func indexFill_(
        _ axis: Int, _ index: Tensor, _ value: some TensorScalar
    ) throws(TorchError) -> Tensor {
        try check(
            ct_index_fill_(handle, Int64(axis), index.handle, value.scalar), "indexFill_",
            [self, index])
        return self
    }

    @discardableResult
    public func scatter_(
        _ axis: Int, _ index: Tensor, _ source: Tensor
    ) throws(TorchError) -> Tensor {
        try check(
            ct_scatter_(handle, Int64(axis), index.handle, source.handle), "scatter_",
            [self, index, source])
        return self
    }

    @discardableResult
    public func scatterAdd_(
        _ axis: Int, _ index: Tensor, _ source: Tensor
    ) throws(TorchError) -> Tensor {
        try check(
            ct_scatter_add_(handle, Int64(axis), index.handle, source.handle), "scatterAdd_",
            [self, index, source])
        return self
    }

    /// self = beta · self + alpha · left · right, matrices.
    @discardableResult
    public func addmm_(
        _ left: Tensor, _ right: Tensor, beta: Double = 1, alpha: Double = 1
    ) throws(TorchError) -> Tensor {
        try check(
            ct_addmm_(handle, left.handle, right.handle, beta, alpha), "addmm_",
            [self, left, right])
        return self
    }
}
