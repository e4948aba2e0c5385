import CTorch

/// Computations that libtorch lacks, or does in many more passes over memory than are needed.
public enum Kernels {}

extension Kernels {
    /// Whether matrix products on the CPU are computed by kernels of ours: on processors for which
    /// libtorch's are slow, and where a first product came out right.
    public static var hasOwnProducts: Bool { ct_has_own_products() }

    /// The sum of a dense f32 tensor on the CPU, read once by all threads: what takes this time is
    /// memory.
    public static func readThrough(_ x: Tensor) throws(TorchError) -> Double {
        var sum = 0.0
        try check(ct_read_through(x.handle, &sum), "readThrough", [x])
        return sum
    }
}
