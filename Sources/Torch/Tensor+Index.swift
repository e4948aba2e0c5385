import CTorch

extension Tensor {
    /// The places `index` (int64 vector) of `axis`.
    public func indexSelect(_ axis: Int, _ index: Tensor) throws(TorchError) -> Tensor {
        try wrap(
            ct_index_select(handle, Int64(axis), index.handle), "indexSelect", [self, index])
    }

    /// For each place of `index` (int64), the element there along `axis`.
    public func gather(_ axis: Int, _ index: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_gather(handle, Int64(axis), index.handle), "gather", [self, index])
    }

    /// The elements where `mask` holds, as a vector.
    public func maskedSelect(_ mask: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_masked_select(handle, mask.handle), "maskedSelect", [self, mask])
    }

    /// The coordinates of the elements that are not zero, [count, rank] int64.
    public func nonzero() throws(TorchError) -> Tensor {
        try wrap(ct_nonzero(handle), "nonzero", [self])
    }

    /// As `gather`, with the other axes broadcast.
    public func takeAlong(_ index: Tensor, _ axis: Int) throws(TorchError) -> Tensor {
        try wrap(
            ct_take_along(handle, index.handle, Int64(axis)), "takeAlong", [self, index])
    }

    /// This tensor with the elements of `source` put at `index` along `axis`.
    public func scatter(
        _ axis: Int, _ index: Tensor, _ source: Tensor
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_scatter(handle, Int64(axis), index.handle, source.handle), "scatter",
            [self, index, source])
    }

    /// A last axis of `classes` places with a 1 at each element's own, int64.
    public func oneHot(_ classes: Int) throws(TorchError) -> Tensor {
        try wrap(ct_one_hot(handle, Int64(classes)), "oneHot", [self])
    }

    /// This tensor with slices of `source` added at the places `index` of `axis`.
    public func indexAdd(
        _ axis: Int, _ index: Tensor, _ source: Tensor
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_index_add(handle, Int64(axis), index.handle, source.handle), "indexAdd",
            [self, index, source])
    }
}
