import HoneModels
import Torch

/// The sizes of a policy, for reports and for the arithmetic of floors.
public struct PolicyFacts: Sendable {
    public var parameters: Int
    public var trainable: Int
    /// Weights of the matrices that every row passes: all but embedding and head.
    public var layerWeights: Int
    /// V · C.
    public var headWeights: Int
    /// Those of the layers' weights whose products the update can take over from the sampler.
    public var reusableWeights: Int
    /// Bytes of the weights that a decode step reads.
    public var weightBytes: Int
    public var dtype: DType
    public var device: Device

    /// `494.0 M parameters, 8.8 M trained, bf16 on cpu`
    public var summary: String {
        "\(Self.millions(parameters)) parameters, \(Self.millions(trainable)) trained, "
            + "\(dtype) on \(device)"
    }

    public static func millions(_ count: Int) -> String {
        let tenths = (Double(count) / 1e5).rounded() / 10
        return "\(tenths) M"
    }
}
