import CTorch

extension Tensor {
    /// Copies `values` in row-major order to a tensor of `shape`; the dtype follows the element type.
    public convenience init(
        _ values: [some TensorElement], shape: [Int], device: Device = .cpu
    ) throws(TorchError) {
        try self.init(copying: values, shape: shape, device: device)
    }

    /// A vector of `values`.
    public convenience init(
        _ values: [some TensorElement], device: Device = .cpu
    ) throws(TorchError) {
        try self.init(copying: values, shape: [values.count], device: device)
    }

    private convenience init<Element: TensorElement>(
        copying values: [Element], shape: [Int], device: Device
    ) throws(TorchError) {
        guard shape.allSatisfy({ $0 >= 0 }), shape.reduce(1, *) == values.count else {
            throw .valueCount(shape: shape, count: values.count)
        }
        let handle = values.withUnsafeBytes { bytes in
            withSizes(shape) { sizes, rank in
                // An empty array has no address, and no element is read.
                ct_from_values(
                    bytes.baseAddress, Element.dtype.code, sizes, rank, device.code)
            }
        }
        guard let handle else { throw TorchError.last("tensor of \(shape)", []) }
        self.init(handle: handle)
    }

    /// Copies raw bytes of `dtype` in host byte order.
    public convenience init(
        bytes: UnsafeRawBufferPointer, dtype: DType, shape: [Int], device: Device = .cpu
    ) throws(TorchError) {
        guard shape.allSatisfy({ $0 >= 0 }),
            shape.reduce(1, *) * dtype.byteCount == bytes.count
        else { throw .valueCount(shape: shape, count: bytes.count / dtype.byteCount) }
        let handle = withSizes(shape) { sizes, rank in
            ct_from_values(bytes.baseAddress, dtype.code, sizes, rank, device.code)
        }
        guard let handle else { throw TorchError.last("tensor of \(shape)", []) }
        self.init(handle: handle)
    }

    /// A tensor over memory that `owner` keeps, without a copy: `owner` lives as long as any view
    /// of the tensor. The memory must be aligned for `dtype` and must not be written through the
    /// tensor where it is mapped read-only.
    public convenience init(
        memory: UnsafeMutableRawPointer, dtype: DType, shape: [Int], owner: AnyObject
    ) throws(TorchError) {
        let retained = Unmanaged.passRetained(owner)
        let handle = withSizes(shape) { sizes, rank in
            ct_from_memory(memory, dtype.code, sizes, rank, retained.toOpaque()) { owner in
                guard let owner else { return }
                Unmanaged<AnyObject>.fromOpaque(owner).release()
            }
        }
        guard let handle else {
            retained.release()
            throw TorchError.last("tensor of \(shape) over memory", [])
        }
        self.init(handle: handle)
    }

    public static func empty(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let handle = withSizes(shape) { ct_empty($0, $1, dtype.code, device.code) }
        guard let handle else { throw TorchError.last("empty of \(dtype) \(shape)", []) }
        return Tensor(handle: handle)
    }

    public static func full(
        _ shape: [Int], _ value: some TensorScalar, dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let handle = withSizes(shape) { ct_full(value.scalar, $0, $1, dtype.code, device.code) }
        guard let handle else { throw TorchError.last("full of \(dtype) \(shape)", []) }
        return Tensor(handle: handle)
    }

    public static func zeros(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try full(shape, 0, dtype: dtype, device: device)
    }

    public static func ones(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try full(shape, 1, dtype: dtype, device: device)
    }

    /// A tensor without axes.
    public static func scalar(
        _ value: some TensorScalar, dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try full([], value, dtype: dtype, device: device)
    }

    /// Zeros like this tensor in shape, dtype and device.
    public func zerosLike() throws(TorchError) -> Tensor {
        try wrap(ct_zeros_like(handle), "zerosLike", [self])
    }

    public func emptyLike() throws(TorchError) -> Tensor {
        try wrap(ct_empty_like(handle), "emptyLike", [self])
    }

    /// `start`, `start + step`, … below `end`.
    public static func arange(
        _ start: Int, _ end: Int, step: Int = 1, dtype: DType = .int64, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_arange(start.scalar, end.scalar, step.scalar, dtype.code, device.code), "arange", [])
    }

    /// 0, 1, … `end` - 1.
    public static func arange(
        _ end: Int, dtype: DType = .int64, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try arange(0, end, dtype: dtype, device: device)
    }

    /// `steps` numbers from `start` to `end`, both included.
    public static func linspace(
        _ start: Double, _ end: Double, steps: Int, dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_linspace(start, end, Int64(steps), dtype.code, device.code), "linspace", [])
    }

    /// Standard normal numbers. With a `seed` they depend on it alone (and on the kind of device);
    /// without one they come from the device's generator (``manualSeed(_:)``).
    public static func randn(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu, seed: UInt64? = nil
    ) throws(TorchError) -> Tensor {
        try random(CT_NORMAL, shape, dtype, device, seed)
    }

    /// Numbers uniform in [0, 1), seeded as in ``randn(_:dtype:device:seed:)``.
    public static func rand(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu, seed: UInt64? = nil
    ) throws(TorchError) -> Tensor {
        try random(CT_UNIFORM, shape, dtype, device, seed)
    }

    private static func random(
        _ distribution: ct_distribution, _ shape: [Int], _ dtype: DType, _ device: Device,
        _ seed: UInt64?
    ) throws(TorchError) -> Tensor {
        let handle = withSizes(shape) { sizes, rank in
            withOptional(seed) {
                ct_random(distribution, $0, sizes, rank, dtype.code, device.code)
            }
        }
        guard let handle else { throw TorchError.last("random of \(dtype) \(shape)", []) }
        return Tensor(handle: handle)
    }
}

/// Runs `body` with the address of `value`, or nil where there is none.
@inline(__always)
func withOptional<Value, Result>(
    _ value: Value?, _ body: (UnsafePointer<Value>?) -> Result
) -> Result {
    guard let value else { return body(nil) }
    return withUnsafePointer(to: value, body)
}
