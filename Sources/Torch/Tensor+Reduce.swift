import CTorch

extension Tensor {
    /// The sum of all elements.
    public func sum() throws(TorchError) -> Tensor {
        try wrap(ct_sum(handle, nil, 0, false), "sum", [self])
    }

    public func sum(_ axes: Int..., keepAxes: Bool = false) throws(TorchError) -> Tensor {
        try wrap(withSizes(axes) { ct_sum(handle, $0, $1, keepAxes) }, "sum", [self])
    }

    /// The mean of all elements.
    public func mean() throws(TorchError) -> Tensor {
        try wrap(ct_mean(handle, nil, 0, false), "mean", [self])
    }

    public func mean(_ axes: Int..., keepAxes: Bool = false) throws(TorchError) -> Tensor {
        try wrap(withSizes(axes) { ct_mean(handle, $0, $1, keepAxes) }, "mean", [self])
    }

    /// The largest of all elements.
    public func amax() throws(TorchError) -> Tensor {
        try wrap(ct_amax(handle, nil, 0, false), "amax", [self])
    }

    public func amax(_ axes: Int..., keepAxes: Bool = false) throws(TorchError) -> Tensor {
        try wrap(withSizes(axes) { ct_amax(handle, $0, $1, keepAxes) }, "amax", [self])
    }

    public func amin() throws(TorchError) -> Tensor {
        try wrap(ct_amin(handle, nil, 0, false), "amin", [self])
    }

    public func amin(_ axes: Int..., keepAxes: Bool = false) throws(TorchError) -> Tensor {
        try wrap(withSizes(axes) { ct_amin(handle, $0, $1, keepAxes) }, "amin", [self])
    }

    /// log Σ e^x along `axis`.
    public func logSumExp(_ axis: Int, keepAxis: Bool = false) throws(TorchError) -> Tensor {
        try wrap(ct_logsumexp(handle, Int64(axis), keepAxis), "logSumExp", [self])
    }

    /// √(Σ x²) over all elements, summed in f32.
    public func norm() throws(TorchError) -> Tensor {
        try wrap(ct_norm(handle), "norm", [self])
    }

    /// Σ (x - mean)² / (n - `correction`) along `axis`.
    public func variance(
        _ axis: Int, correction: Double = 1, keepAxis: Bool = false
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_variance(handle, Int64(axis), correction, keepAxis), "variance", [self])
    }

    public func any() throws(TorchError) -> Tensor { try wrap(ct_any(handle), "any", [self]) }
    public func all() throws(TorchError) -> Tensor { try wrap(ct_all(handle), "all", [self]) }

    /// The place of the largest element along `axis`, int64.
    public func argmax(_ axis: Int = -1, keepAxis: Bool = false) throws(TorchError) -> Tensor {
        try wrap(ct_argmax(handle, Int64(axis), keepAxis), "argmax", [self])
    }

    public func argmin(_ axis: Int = -1, keepAxis: Bool = false) throws(TorchError) -> Tensor {
        try wrap(ct_argmin(handle, Int64(axis), keepAxis), "argmin", [self])
    }

    public func cumsum(_ axis: Int) throws(TorchError) -> Tensor {
        try wrap(ct_cumsum(handle, Int64(axis)), "cumsum", [self])
    }

    /// The `count` largest (or smallest) elements along `axis` in order, and their places (int64).
    public func topk(
        _ count: Int, axis: Int = -1, largest: Bool = true
    ) throws(TorchError) -> (values: Tensor, indices: Tensor) {
        var values: OpaquePointer?
        var indices: OpaquePointer?
        try check(
            ct_topk(handle, Int64(count), Int64(axis), largest, &values, &indices), "topk", [self])
        return (try wrap(values, "topk", [self]), try wrap(indices, "topk", [self]))
    }

    /// A stable sort along `axis`, and the places the elements came from (int64).
    public func sort(
        axis: Int = -1, descending: Bool = false
    ) throws(TorchError) -> (values: Tensor, indices: Tensor) {
        var values: OpaquePointer?
        var indices: OpaquePointer?
        try check(
            ct_sort(handle, Int64(axis), descending, &values, &indices), "sort", [self])
        return (try wrap(values, "sort", [self]), try wrap(indices, "sort", [self]))
    }
}
