import Foundation
import Torch

/// Rotates pairs of channels (i, i + R/2) of each head by position · frequency(i).
///
/// - Source: Su et al. 2021, arXiv 2104.09864, with the pairing of transformers (`rotate_half`).
final class RotaryEmbedding {
    private let config: RotaryConfig
    private let device: Device
    /// Passes that go on side by side share what follows.
    private let lock = NSLock()
    /// The frequencies last used and the length they were made for.
    private var cached: (length: Int, frequencies: Tensor)?
    /// The angles of positions 0..<count, for that length.
    private var table: (length: Int, count: Int, angles: Angles)?

    init(config: RotaryConfig, device: Device) {
        self.config = config
        self.device = device
    }

    /// Cosines and sines of the angles of one call, both [N, R/2] float32.
    struct Angles {
        let cosine: Tensor
        let sine: Tensor
    }

    /// The angles of `positions` [N]. `length` matters only to scalings that depend on it. Where all
    /// positions are known to be below `reach`, they are read from a table, which holds the same bits.
    func angles(positions: Tensor, length: Int, reach: Int? = nil) throws -> Angles {
        try withoutGradients {
            guard let reach else {
                return try lock.withLock { try computed(positions, length) }
            }
            let all = try lock.withLock {
                try tabled(reach, config.dependsOnLength ? length : 0)
            }
            return Angles(
                cosine: try all.cosine.indexSelect(0, positions),
                sine: try all.sine.indexSelect(0, positions))
        }
    }

    private func tabled(_ reach: Int, _ length: Int) throws -> Angles {
        if let table, table.length == length, reach <= table.count { return table.angles }
        // Twice as long each time, so that a growing sequence seldom makes a new one.
        var count = 256
        while count < reach { count *= 2 }
        let made = try computed(Tensor.arange(count, device: device), length)
        table = (length, count, made)
        return made
    }

    private func computed(_ positions: Tensor, _ length: Int) throws -> Angles {
        let angles = try positions.to(.float32).unsqueeze(1) * frequencies(length: length)
        let factor = config.attentionFactor
        guard factor != 1 else {
            return Angles(cosine: try angles.cos(), sine: try angles.sin())
        }
        return Angles(
            cosine: try angles.cos().mul_(factor), sine: try angles.sin().mul_(factor))
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
        try Kernels.rotate(x, cosine: cosine, sine: sine)
    }
}
