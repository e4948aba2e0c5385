import CTorch

/// Computations that libtorch lacks, or does in many more passes over memory than are needed.
public enum Kernels {}

extension Kernels {
    /// Whether matrix products on the CPU are computed by kernels of ours: on processors for which
    /// libtorch's are slow, and where a first product came out right.
    public static var hasOwnProducts: Bool { productBackend == .ours }

    /// Who computes matrix products on the CPU.
    public enum ProductBackend: Hashable, Sendable {
        /// Kernels of ours.
        case ours
        /// libtorch: the processor lacks AVX-512 with bf16 dot products, which ours are made of.
        case libtorchWithoutBF16
        /// libtorch: it uses the processor's tiles (AMX), and ours do not.
        case libtorchWithAMX
        /// libtorch: its own products are fast on processors of this make.
        case libtorchNotAMD
        /// libtorch: `HONE_INSTRUCTION_SET` forbids the instructions that ours are made of.
        case libtorchForbidden
        /// libtorch: a first product of ours came out wrong.
        case libtorchAfterFailure
    }

    /// Who computes matrix products on this machine's CPU. The first question makes a few products.
    public static var productBackend: ProductBackend {
        switch ct_current_product_backend() {
        case CT_PRODUCTS_OURS: .ours
        case CT_PRODUCTS_WITHOUT_BF16: .libtorchWithoutBF16
        case CT_PRODUCTS_BY_AMX: .libtorchWithAMX
        case CT_PRODUCTS_NOT_AMD: .libtorchNotAMD
        case CT_PRODUCTS_FORBIDDEN: .libtorchForbidden
        default: .libtorchAfterFailure
        }
    }

    /// The sum of a dense f32 tensor on the CPU, read once by all threads: what takes this time is
    /// memory.
    public static func readThrough(_ x: Tensor) throws(TorchError) -> Double {
        var sum = 0.0
        try check(ct_read_through(x.handle, &sum), "readThrough", [x])
        return sum
    }
}
