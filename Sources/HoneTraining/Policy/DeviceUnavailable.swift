import Torch

/// A GPU was asked for that this machine, or the libtorch in use, does not have.
public struct DeviceUnavailable: Error, Sendable, Hashable, CustomStringConvertible {
    public let device: Device

    public init(device: Device) { self.device = device }

    public var description: String {
        let found =
            switch device {
            case .cuda(let index) where cudaDeviceCount > 0:
                "there is no GPU number \(index); the GPUs are numbered 0 to \(cudaDeviceCount - 1)"
            case .cuda:
                "there is no NVIDIA GPU here that this libtorch can use (its CPU build can use none)"
            case .mps: "this is no Apple machine with a GPU that this libtorch can use"
            case .cpu: "it cannot be used"
            }
        return
            "device \(device): \(found). Take device auto or cpu; hone doctor shows what was found"
    }
}
