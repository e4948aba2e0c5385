import CTorch

/// Where a tensor's elements lie and its operations run.
public enum Device: Hashable, Sendable {
    case cpu
    /// An NVIDIA GPU by its index, from 0.
    case cuda(Int)
    /// The GPU of an Apple machine.
    case mps

    /// Reads `cpu`, `cuda`, `cuda:1` or `mps`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "cpu": self = .cpu
        case "cuda": self = .cuda(0)
        case "mps": self = .mps
        default:
            guard text.hasPrefix("cuda:"), let index = Int(text.dropFirst(5)), index >= 0,
                index < 256
            else { return nil }
            self = .cuda(index)
        }
    }

    /// The fastest device that is present: the first GPU, else the CPU.
    public static var preferred: Device {
        isCUDAAvailable ? .cuda(0) : isMPSAvailable ? .mps : .cpu
    }

    /// Whether this machine and this libtorch have it.
    public var isAvailable: Bool {
        switch self {
        case .cpu: true
        case .cuda(let index): index < cudaDeviceCount
        case .mps: isMPSAvailable
        }
    }

    public var isCUDA: Bool {
        if case .cuda = self { true } else { false }
    }

    var code: ct_device {
        switch self {
        case .cpu: ct_device(kind: CT_CPU, index: 0)
        case .cuda(let index): ct_device(kind: CT_CUDA, index: Int32(index))
        case .mps: ct_device(kind: CT_MPS, index: 0)
        }
    }

    init(code: ct_device) {
        switch code.kind {
        case CT_CUDA: self = .cuda(Int(code.index))
        case CT_MPS: self = .mps
        default: self = .cpu
        }
    }
}

extension Device: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        case .mps: "mps"
        }
    }
}

/// GPUs that CUDA shows; 0 where this libtorch is built without it.
public var cudaDeviceCount: Int { Int(ct_cuda_count()) }
public var isCUDAAvailable: Bool { cudaDeviceCount > 0 }
public var isMPSAvailable: Bool { ct_mps_available() }
