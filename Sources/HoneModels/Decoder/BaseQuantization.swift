import Torch

/// How the weights of a base that does not train are kept.
public enum BaseQuantization: String, Sendable, Hashable, CaseIterable {
    /// In the compute type.
    case none
    /// Linear layers in NF4 with double quantisation, 0.516 bytes a number
    /// (arXiv 2305.14314).
    ///
    /// The embedding table and the head stay in the compute type where the whole base then still
    /// takes at most ``bytesPerParameter`` a parameter, as it does for large models with a small
    /// vocabulary; else they are kept in NF4 too, unlike QLoRA's and bitsandbytes', which leave them.
    /// Norms and biases, some hundredths of a per cent, always stay.
    case nf4

    /// Upper bound of the base's bytes for one of its parameters, in NF4.
    public static let bytesPerParameter = 0.6

    /// `matrix` as this keeps it. One with an odd number of columns stays dense.
    func matrix(_ matrix: Tensor) throws(TorchError) -> BaseMatrix {
        guard self == .nf4, matrix.shape.last?.isMultiple(of: 2) ?? false else {
            return .dense(matrix)
        }
        return .nf4(try NF4Matrix(matrix))
    }

    /// How the embedding table and the head are kept beside `layers` with that many parameters.
    ///
    /// - Parameters:
    ///   - tableCount: numbers of embedding and head together, a tied one counted once.
    ///   - elementBytes: bytes of one number of theirs.
    ///   - layers: everything else.
    func tables(
        _ tableCount: Int, elementBytes: Int, layers: (count: Int, bytes: Int)
    ) -> BaseQuantization {
        guard self == .nf4 else { return .none }
        let bytes = Double(layers.bytes + tableCount * elementBytes)
        let allowed = Self.bytesPerParameter * Double(layers.count + tableCount)
        return bytes <= allowed ? .none : .nf4
    }
}
