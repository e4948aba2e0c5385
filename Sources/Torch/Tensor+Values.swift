import CTorch

extension Tensor {
    /// All elements in row-major order, converted to `Float`. Waits for the device.
    public func floats() throws(TorchError) -> [Float] { try values(of: Float.self, 0) }
    public func doubles() throws(TorchError) -> [Double] { try values(of: Double.self, 0) }
    public func int32s() throws(TorchError) -> [Int32] { try values(of: Int32.self, 0) }
    public func ints() throws(TorchError) -> [Int] { try values(of: Int.self, 0) }
    public func bools() throws(TorchError) -> [Bool] { try values(of: Bool.self, false) }

    private func values<Element: TensorElement>(
        of type: Element.Type, _ filler: Element
    ) throws(TorchError) -> [Element] {
        var result = [Element](repeating: filler, count: count)
        let copied = result.withUnsafeMutableBytes {
            $0.isEmpty || ct_copy_out(handle, Element.dtype.code, $0.baseAddress)
        }
        try check(copied, "values", [self])
        return result
    }

    /// The one element of a tensor with one element, as a real number. Waits for the device.
    public func item() throws(TorchError) -> Double {
        var value = 0.0
        try check(ct_item_real(handle, &value), "item", [self])
        return value
    }

    /// The one element of a tensor with one element, as a whole number.
    public func intItem() throws(TorchError) -> Int {
        var value: Int64 = 0
        try check(ct_item_integer(handle, &value), "intItem", [self])
        return Int(value)
    }

    /// The elements in another type; the same tensor where it has that type.
    public func to(_ dtype: DType) throws(TorchError) -> Tensor {
        ct_get_dtype(handle) == dtype.code
            ? self : try wrap(ct_to_dtype(handle, dtype.code), "to", [self])
    }

    /// The elements on another device; the same tensor where it lies there.
    public func to(_ device: Device) throws(TorchError) -> Tensor {
        self.device == device
            ? self : try wrap(ct_to_device(handle, device.code), "to", [self])
    }

    /// The elements' memory: contiguous, on the host. Valid inside `body` only; `body` may write
    /// to it where the tensor does not lie over read-only memory.
    public func withUnsafeMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard device == .cpu, isContiguous else {
            throw TorchError.operation(
                name: "withUnsafeMutableBytes", shapes: [shape], dtypes: [dtype],
                message: "only a contiguous tensor on the CPU has its elements in one piece here")
        }
        defer { withExtendedLifetime(self) {} }
        return try body(
            UnsafeMutableRawBufferPointer(start: ct_data(handle), count: byteCount))
    }
}
