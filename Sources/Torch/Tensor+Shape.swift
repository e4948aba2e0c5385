import CTorch

extension Tensor {
    /// The same elements in another shape; a view where that is possible. One size may be -1.
    public func reshape(_ shape: [Int]) throws(TorchError) -> Tensor {
        try wrap(withSizes(shape) { ct_reshape(handle, $0, $1) }, "reshape", [self])
    }

    public func reshape(_ shape: Int...) throws(TorchError) -> Tensor { try reshape(shape) }

    /// As `reshape`, but an error where it would have to copy.
    public func view(_ shape: [Int]) throws(TorchError) -> Tensor {
        try wrap(withSizes(shape) { ct_view(handle, $0, $1) }, "view", [self])
    }

    public func view(_ shape: Int...) throws(TorchError) -> Tensor { try view(shape) }

    public func transpose(_ first: Int, _ second: Int) throws(TorchError) -> Tensor {
        try wrap(ct_transpose(handle, Int64(first), Int64(second)), "transpose", [self])
    }

    public func permute(_ axes: [Int]) throws(TorchError) -> Tensor {
        try wrap(withSizes(axes) { ct_permute(handle, $0, $1) }, "permute", [self])
    }

    public func permute(_ axes: Int...) throws(TorchError) -> Tensor { try permute(axes) }

    public func squeeze(_ axis: Int) throws(TorchError) -> Tensor {
        try wrap(ct_squeeze(handle, Int64(axis)), "squeeze", [self])
    }

    public func unsqueeze(_ axis: Int) throws(TorchError) -> Tensor {
        try wrap(ct_unsqueeze(handle, Int64(axis)), "unsqueeze", [self])
    }

    /// A view that repeats axes of size 1; -1 keeps a size.
    public func expand(_ shape: [Int]) throws(TorchError) -> Tensor {
        try wrap(withSizes(shape) { ct_expand(handle, $0, $1) }, "expand", [self])
    }

    public func expand(_ shape: Int...) throws(TorchError) -> Tensor { try expand(shape) }

    /// Axes `first` through `last` as one.
    public func flatten(_ first: Int = 0, _ last: Int = -1) throws(TorchError) -> Tensor {
        try wrap(ct_flatten(handle, Int64(first), Int64(last)), "flatten", [self])
    }

    /// A view of `length` places of `axis` from `start` on.
    public func narrow(_ axis: Int, _ start: Int, _ length: Int) throws(TorchError) -> Tensor {
        try wrap(
            ct_narrow(handle, Int64(axis), Int64(start), Int64(length)), "narrow", [self])
    }

    /// As ``narrow(_:_:_:)``.
    public func narrow(_ axis: Int, _ range: Range<Int>) throws(TorchError) -> Tensor {
        try narrow(axis, range.lowerBound, range.count)
    }

    /// A view of one place of `axis`, without that axis.
    public func select(_ axis: Int, _ index: Int) throws(TorchError) -> Tensor {
        try wrap(ct_select(handle, Int64(axis), Int64(index)), "select", [self])
    }

    /// A view of every `step`-th place of `axis` in `start..<end`.
    public func slice(
        _ axis: Int, _ start: Int, _ end: Int, step: Int = 1
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_slice(handle, Int64(axis), Int64(start), Int64(end), Int64(step)), "slice", [self])
    }

    public static func cat(_ tensors: [Tensor], _ axis: Int = 0) throws(TorchError) -> Tensor {
        try wrap(withHandles(tensors) { ct_cat($0, $1, Int64(axis)) }, "cat", tensors)
    }

    public static func stack(_ tensors: [Tensor], _ axis: Int = 0) throws(TorchError) -> Tensor {
        try wrap(withHandles(tensors) { ct_stack($0, $1, Int64(axis)) }, "stack", tensors)
    }

    /// Views of `sizes` consecutive places of `axis`, which the sizes must fill.
    public func split(_ sizes: [Int], _ axis: Int = 0) throws(TorchError) -> [Tensor] {
        var parts = [OpaquePointer?](repeating: nil, count: sizes.count)
        let done = withSizes(sizes) { sizes, count in
            ct_split(handle, sizes, count, Int64(axis), &parts)
        }
        try check(done, "split", [self])
        var tensors: [Tensor] = []
        for part in parts { tensors.append(try wrap(part, "split", [self])) }
        return tensors
    }

    /// Each place of `axis` repeated `times` times in a row.
    public func repeatInterleave(_ times: Int, _ axis: Int) throws(TorchError) -> Tensor {
        try wrap(
            ct_repeat_interleave(handle, Int64(times), Int64(axis)), "repeatInterleave", [self])
    }

    /// The whole tensor laid side by side `times[i]` times along axis i.
    public func tile(_ times: [Int]) throws(TorchError) -> Tensor {
        try wrap(withSizes(times) { ct_repeat(handle, $0, $1) }, "tile", [self])
    }

    public func flip(_ axis: Int) throws(TorchError) -> Tensor {
        try wrap(ct_flip(handle, Int64(axis)), "flip", [self])
    }

    /// The elements in row-major order without gaps; the same memory where they are.
    public func contiguous() throws(TorchError) -> Tensor {
        isContiguous ? self : try wrap(ct_contiguous(handle), "contiguous", [self])
    }

    /// A copy that shares no memory.
    public func clone() throws(TorchError) -> Tensor { try wrap(ct_clone(handle), "clone", [self]) }

    /// The matrix with zeros below its `diagonal`-th diagonal.
    public func triu(_ diagonal: Int = 0) throws(TorchError) -> Tensor {
        try wrap(ct_triu(handle, Int64(diagonal)), "triu", [self])
    }

    /// The matrix with zeros above its `diagonal`-th diagonal.
    public func tril(_ diagonal: Int = 0) throws(TorchError) -> Tensor {
        try wrap(ct_tril(handle, Int64(diagonal)), "tril", [self])
    }
}
