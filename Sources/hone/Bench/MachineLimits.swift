import Foundation
import HoneTraining
import Torch

/// What this machine reaches on the two things that bound the work: measured, not looked up.
struct MachineLimits {
    /// Bytes per second of reading memory far larger than the caches, on all threads.
    let memoryBandwidth: Double
    /// Operations per second of a large square matrix product in the compute type, a multiply and an
    /// add counted as two.
    let matrixRate: Double

    /// Takes about two seconds. The best of several tries counts, since a limit is what could be had.
    static func measure(_ dtype: DType, _ device: Device) throws -> MachineLimits {
        let words = try Tensor.ones([64 << 20], dtype: .float32, device: device)
        let read = try best(of: 5, device) {
            _ = try device == .cpu ? Kernels.readThrough(words) : words.sum().item()
        }

        let size = 2048
        let matrix = try Tensor.randn([size, size], device: device).to(dtype)
        let product = try best(of: 5, device) { _ = try matrix.linear(matrix) }
        return MachineLimits(
            memoryBandwidth: Double(words.count * 4) / read,
            matrixRate: 2 * pow(Double(size), 3) / product)
    }

    private static func best(
        of tries: Int, _ device: Device, _ work: () throws -> Void
    ) throws -> Double {
        var best = Double.infinity
        for _ in 0...tries {
            let start = ContinuousClock.now
            try work()
            try synchronize(device)
            let spent = ContinuousClock.now - start
            best = min(best, spent.seconds)
        }
        return best
    }
}
