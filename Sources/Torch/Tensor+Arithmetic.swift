import CTorch

extension Tensor {
    public static func + (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_add(a.handle, b.handle), "+", [a, b])
    }

    public static func + (a: Tensor, b: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_add_scalar(a.handle, b.scalar), "+", [a])
    }

    public static func + (a: some TensorScalar, b: Tensor) throws(TorchError) -> Tensor {
        try b + a
    }

    public static func - (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_sub(a.handle, b.handle), "-", [a, b])
    }

    public static func - (a: Tensor, b: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_sub_scalar(a.handle, b.scalar), "-", [a])
    }

    public static func - (a: some TensorScalar, b: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_rsub_scalar(b.handle, a.scalar), "-", [b])
    }

    public static func * (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_mul(a.handle, b.handle), "*", [a, b])
    }

    public static func * (a: Tensor, b: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_mul_scalar(a.handle, b.scalar), "*", [a])
    }

    public static func * (a: some TensorScalar, b: Tensor) throws(TorchError) -> Tensor {
        try b * a
    }

    /// True division: integers give floats.
    public static func / (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_div(a.handle, b.handle), "/", [a, b])
    }

    public static func / (a: Tensor, b: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_div_scalar(a.handle, b.scalar), "/", [a])
    }

    public static func / (a: some TensorScalar, b: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_rdiv_scalar(b.handle, a.scalar), "/", [b])
    }

    public static prefix func - (a: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_neg(a.handle), "-", [a])
    }

    public func floorDivide(_ divisor: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_floor_divide_scalar(handle, divisor.scalar), "floorDivide", [self])
    }

    /// The remainder with the divisor's sign.
    public func remainder(_ divisor: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_remainder_scalar(handle, divisor.scalar), "remainder", [self])
    }

    public func pow(_ exponent: some TensorScalar) throws(TorchError) -> Tensor {
        try wrap(ct_pow_scalar(handle, exponent.scalar), "pow", [self])
    }

    public func pow(_ exponent: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_pow(handle, exponent.handle), "pow", [self, exponent])
    }

    /// The larger of each pair of elements.
    public func maximum(_ other: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_maximum(handle, other.handle), "maximum", [self, other])
    }

    public func minimum(_ other: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_minimum(handle, other.handle), "minimum", [self, other])
    }

    /// Each element bounded below by `low` and above by `high`, where given. Its gradient is 0
    /// outside and 1 on the bounds.
    public func clamp(low: Double? = nil, high: Double? = nil) throws(TorchError) -> Tensor {
        let result = withOptional(low?.scalar) { low in
            withOptional(high?.scalar) { high in ct_clamp(handle, low, high) }
        }
        return try wrap(result, "clamp", [self])
    }

    // Comparisons give bool tensors, so they are methods: `==` keeps its meaning.
    public func equal(_ other: Tensor) throws(TorchError) -> Tensor { try compare(CT_EQ, other) }
    public func notEqual(_ other: Tensor) throws(TorchError) -> Tensor { try compare(CT_NE, other) }
    public func less(_ other: Tensor) throws(TorchError) -> Tensor { try compare(CT_LT, other) }
    public func lessOrEqual(_ other: Tensor) throws(TorchError) -> Tensor {
        try compare(CT_LE, other)
    }
    public func greater(_ other: Tensor) throws(TorchError) -> Tensor { try compare(CT_GT, other) }
    public func greaterOrEqual(_ other: Tensor) throws(TorchError) -> Tensor {
        try compare(CT_GE, other)
    }

    public func equal(_ other: some TensorScalar) throws(TorchError) -> Tensor {
        try compare(CT_EQ, other)
    }
    public func notEqual(_ other: some TensorScalar) throws(TorchError) -> Tensor {
        try compare(CT_NE, other)
    }
    public func less(_ other: some TensorScalar) throws(TorchError) -> Tensor {
        try compare(CT_LT, other)
    }
    public func lessOrEqual(_ other: some TensorScalar) throws(TorchError) -> Tensor {
        try compare(CT_LE, other)
    }
    public func greater(_ other: some TensorScalar) throws(TorchError) -> Tensor {
        try compare(CT_GT, other)
    }
    public func greaterOrEqual(_ other: some TensorScalar) throws(TorchError) -> Tensor {
        try compare(CT_GE, other)
    }

    private func compare(_ comparison: ct_comparison, _ other: Tensor) throws(TorchError) -> Tensor
    {
        try wrap(ct_compare(comparison, handle, other.handle), "compare", [self, other])
    }

    private func compare(
        _ comparison: ct_comparison, _ other: some TensorScalar
    ) throws(TorchError) -> Tensor {
        try wrap(ct_compare_scalar(comparison, handle, other.scalar), "compare", [self])
    }

    public func logicalNot() throws(TorchError) -> Tensor {
        try wrap(ct_logical_not(handle), "logicalNot", [self])
    }

    public func logicalAnd(_ other: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_logical_and(handle, other.handle), "logicalAnd", [self, other])
    }

    public func logicalOr(_ other: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_logical_or(handle, other.handle), "logicalOr", [self, other])
    }

    /// Elements of `a` where `condition` holds, else of `b`.
    public static func `where`(
        _ condition: Tensor, _ a: Tensor, _ b: Tensor
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_where(condition.handle, a.handle, b.handle), "where", [condition, a, b])
    }

    /// This tensor with `value` where `mask` holds.
    public func maskedFill(_ mask: Tensor, _ value: some TensorScalar) throws(TorchError) -> Tensor
    {
        try wrap(
            ct_masked_fill(handle, mask.handle, value.scalar), "maskedFill", [self, mask])
    }
}
