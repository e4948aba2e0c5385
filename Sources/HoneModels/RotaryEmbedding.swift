import Torch

/// Rotates pairs of channels (i, i + R/2) of each head by position · frequency(i).
///
/// - Source: Su et al. 2021, arXiv 2104.09864, with the pairing of transformers (`rotate_half`).
final class RotaryEmbedding {
    private let config: RotaryConfig
    private let device: Device
    /// The frequencies last used and the length they were made for.
    private var cached: (length: Int, frequencies: Tensor)?

    init(config: RotaryConfig, device: Device) {
        self.config = config
        self.device = device
    }

    /// Cosine and signed sine of the angles of one call, both [N, 1, R] in the compute type.
    struct Angles {
        let cosine: Tensor
        /// -sin for the first R/2 channels, sin for the others.
        let sine: Tensor
        /// R.
        let width: Int
    }

    /// The angles of `positions` [N]. `length` matters only to scalings that depend on it.
    func angles(positions: Tensor, length: Int, dtype: DType) throws -> Angles {
        try withoutGradients {
            let frequencies = try frequencies(length: length)
            let angles = try positions.to(.float32).unsqueeze(1) * frequencies  // [N, R/2]
            let cosine = try angles.cos() * config.attentionFactor
            let sine = try angles.sin() * config.attentionFactor
            return Angles(
                cosine: try Tensor.cat([cosine, cosine], 1).to(dtype).unsqueeze(1),
                sine: try Tensor.cat([-sine, sine], 1).to(dtype).unsqueeze(1),
                width: config.width)
        }
    }

    private func frequencies(length: Int) throws -> Tensor {
        let length = config.dependsOnLength ? length : 0
        if let cached, cached.length == length { return cached.frequencies }
        let values = config.frequencies(length: length).map(Float.init)
        let tensor = try Tensor(values, device: device)
        cached = (length, tensor)
        return tensor
    }
}

extension RotaryEmbedding.Angles {
    /// Rotates the first R channels of each head; the others pass. [N, H, D] → [N, H, D].
    func rotate(_ x: Tensor) throws -> Tensor {
        let headWidth = try x.size(2)
        let part = width == headWidth ? x : try x.narrow(2, 0, width)
        let half = width / 2
        let swapped = try Tensor.cat([part.narrow(2, half, half), part.narrow(2, 0, half)], 2)
        let rotated = try part * cosine + swapped * sine
        guard width < headWidth else { return rotated }
        return try Tensor.cat([rotated, x.narrow(2, width, headWidth - width)], 2)
    }
}
