public import CTorch

/// The element type of a ``Tensor``.
public enum DType: String, Hashable, Sendable, CaseIterable {
    case float32, bfloat16, float16, float64, int64, int32, int16, int8, uint8, bool

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    var code: ct_dtype {
        switch self {
        case .float32: CT_FLOAT32
        case .bfloat16: CT_BFLOAT16
        case .float16: CT_FLOAT16
        case .float64: CT_FLOAT64
        case .int64: CT_INT64
        case .int32: CT_INT32
        case .int16: CT_INT16
        case .int8: CT_INT8
        case .uint8: CT_UINT8
        case .bool: CT_BOOL
        }
    }

    init?(code: ct_dtype) {
        switch code {
        case CT_FLOAT32: self = .float32
        case CT_BFLOAT16: self = .bfloat16
        case CT_FLOAT16: self = .float16
        case CT_FLOAT64: self = .float64
        case CT_INT64: self = .int64
        case CT_INT32: self = .int32
        case CT_INT16: self = .int16
        case CT_INT8: self = .int8
        case CT_UINT8: self = .uint8
        case CT_BOOL: self = .bool
        default: return nil
        }
    }
}

/// A Swift type whose values are the elements of some ``DType``.
public protocol TensorElement: BitwiseCopyable, Sendable {
    static var dtype: DType { get }
}

extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int: TensorElement { public static var dtype: DType { .int64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension Int16: TensorElement { public static var dtype: DType { .int16 } }
extension Int8: TensorElement { public static var dtype: DType { .int8 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }

/// A number that may stand beside a tensor in arithmetic. A whole number leaves an integer tensor
/// an integer tensor, as in libtorch's promotion rules.
public protocol TensorScalar: Sendable {
    var scalar: ct_scalar { get }
}

extension Int: TensorScalar {
    public var scalar: ct_scalar {
        ct_scalar(is_integer: true, integer: Int64(self), real: 0)
    }
}

extension Double: TensorScalar {
    public var scalar: ct_scalar { ct_scalar(is_integer: false, integer: 0, real: self) }
}

extension Float: TensorScalar {
    public var scalar: ct_scalar { ct_scalar(is_integer: false, integer: 0, real: Double(self)) }
}
