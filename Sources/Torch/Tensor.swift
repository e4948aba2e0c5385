import CTorch

/// An array of numbers on a device: one reference to a libtorch tensor, given back when Swift lets
/// go of this object.
///
/// Not `Sendable`: a tensor belongs to the thread that works with it (see ``DeviceExecutor``).
/// Operations throw ``TorchError``; those that end in `_` change the tensor in place.
public final class Tensor {
    let handle: OpaquePointer

    init(handle: OpaquePointer) { self.handle = handle }

    deinit { ct_free(handle) }

    public var rank: Int { Int(ct_rank(handle)) }

    /// The number of elements.
    public var count: Int { Int(ct_element_count(handle)) }

    public var shape: [Int] {
        let rank = rank
        return [Int](unsafeUninitializedCapacity: rank) { buffer, filled in
            buffer.baseAddress?.withMemoryRebound(to: Int64.self, capacity: rank) {
                ct_shape(handle, $0)
            }
            filled = rank
        }
    }

    /// Elements from one place to the next along each axis.
    public var strides: [Int] {
        let rank = rank
        return [Int](unsafeUninitializedCapacity: rank) { buffer, filled in
            buffer.baseAddress?.withMemoryRebound(to: Int64.self, capacity: rank) {
                ct_strides(handle, $0)
            }
            filled = rank
        }
    }

    public var dtype: DType {
        guard let dtype = DType(code: ct_get_dtype(handle)) else {
            preconditionFailure("a tensor of a type that this module never makes")
        }
        return dtype
    }

    public var device: Device { Device(code: ct_get_device(handle)) }
    public var isContiguous: Bool { ct_is_contiguous(handle) }

    /// Bytes of all elements, whether or not other tensors share them.
    public var byteCount: Int { count * dtype.byteCount }

    /// Whether both are views of the same memory.
    public func sharesStorage(with other: Tensor) -> Bool {
        ct_storage(handle) == ct_storage(other.handle)
    }

    /// The size of `axis`; a negative axis counts from the last.
    public func size(_ axis: Int) throws(TorchError) -> Int {
        let rank = rank
        let place = axis < 0 ? axis + rank : axis
        guard place >= 0, place < rank else {
            throw .unexpectedShape(
                name: "size(\(axis))", expected: "with an axis \(axis)", actual: shape)
        }
        return Int(ct_size(handle, Int64(place)))
    }

    private func requireRank(_ wanted: Int) throws(TorchError) {
        guard rank == wanted else {
            throw .unexpectedShape(
                name: "dims\(wanted)", expected: "of \(wanted) axes", actual: shape)
        }
    }

    private func dim(_ axis: Int64) -> Int { Int(ct_size(handle, axis)) }

    /// The one size of a vector.
    public func dims1() throws(TorchError) -> Int {
        try requireRank(1)
        return dim(0)
    }

    /// The sizes of a matrix.
    public func dims2() throws(TorchError) -> (Int, Int) {
        try requireRank(2)
        return (dim(0), dim(1))
    }

    public func dims3() throws(TorchError) -> (Int, Int, Int) {
        try requireRank(3)
        return (dim(0), dim(1), dim(2))
    }

    public func dims4() throws(TorchError) -> (Int, Int, Int, Int) {
        try requireRank(4)
        return (dim(0), dim(1), dim(2), dim(3))
    }

    /// `self` where its shape is `shape`; the claim that a comment makes, checked.
    @discardableResult
    public func expecting(_ shape: [Int], _ name: String) throws(TorchError) -> Tensor {
        guard self.shape == shape else {
            throw .unexpectedShape(name: name, expected: "\(shape)", actual: self.shape)
        }
        return self
    }
}

extension Tensor: CustomStringConvertible {
    public var description: String { "Tensor(\(dtype.rawValue)\(shape) on \(device))" }
}

/// Handles to tensors that are alive in this process; a loop that leaks makes it grow.
public var liveTensorCount: Int { Int(ct_live_count()) }

/// The tensor of `handle`, or the error that the C interface left. `operands` are read only on
/// failure; naming them there also keeps them alive during the call.
@inline(__always)
func wrap(
    _ handle: OpaquePointer?, _ name: StaticString, _ operands: @autoclosure () -> [Tensor]
) throws(TorchError) -> Tensor {
    guard let handle else { throw TorchError.last("\(name)", operands()) }
    return Tensor(handle: handle)
}

/// As ``wrap(_:_:_:)`` for calls that return no tensor.
@inline(__always)
func check(
    _ succeeded: Bool, _ name: StaticString, _ operands: @autoclosure () -> [Tensor]
) throws(TorchError) {
    guard succeeded else { throw TorchError.last("\(name)", operands()) }
}

/// Runs `body` with `values` as the C interface takes sizes.
@inline(__always)
func withSizes<Result>(
    _ values: [Int], _ body: (UnsafePointer<Int64>?, Int64) -> Result
) -> Result {
    values.withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: Int64.self) { body($0.baseAddress, Int64($0.count)) }
    }
}

@inline(__always)
func withHandles<Result>(
    _ tensors: [Tensor], _ body: (UnsafePointer<OpaquePointer?>?, Int64) -> Result
) -> Result {
    withExtendedLifetime(tensors) {
        let handles: [OpaquePointer?] = tensors.map(\.handle)
        return handles.withUnsafeBufferPointer { body($0.baseAddress, Int64($0.count)) }
    }
}
