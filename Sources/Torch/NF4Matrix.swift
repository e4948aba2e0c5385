import CTorch

/// A matrix in four bits for each number: NF4 with double quantisation.
///
/// Row-major numbers share a scale in blocks of 64, the largest size in the block; each is one of 16
/// values, quantiles of the normal distribution. The scales, less their mean, are kept in 8 bits (the
/// signed dynamic code) with an f32 scale for 256 of them. A number so takes
/// 4 + 8 / 64 + 32 / (64 · 256) = 4.127 bits: 0.516 bytes.
///
/// - Source: Dettmers et al. 2023, arXiv 2305.14314, section 3; the codes and the packing (first number
///   in a byte's upper half) are those of bitsandbytes' `quantize_4bit` with `compress_statistics`.
public final class NF4Matrix {
    public let rows: Int
    public let columns: Int
    let codes: Tensor
    let scaleCodes: Tensor
    let outerScales: Tensor
    let mean: Double

    /// Codes `matrix` [rows, columns] of any float type; each number becomes the value nearest to it.
    ///
    /// - Throws: `TorchError` where the number of columns is odd.
    public init(_ matrix: Tensor) throws(TorchError) {
        (rows, columns) = try matrix.dims2()
        var codes: OpaquePointer?
        var scaleCodes: OpaquePointer?
        var outerScales: OpaquePointer?
        var mean = 0.0
        try check(
            ct_nf4_quantize(matrix.handle, &codes, &scaleCodes, &outerScales, &mean), "NF4Matrix",
            [matrix])
        self.codes = try wrap(codes, "NF4Matrix", [matrix])
        self.scaleCodes = try wrap(scaleCodes, "NF4Matrix", [matrix])
        self.outerScales = try wrap(outerScales, "NF4Matrix", [matrix])
        self.mean = mean
    }

    /// The 16 values that codes stand for, ascending, before the scale.
    public static var code: [Float] {
        var values = [Float](repeating: 0, count: 16)
        ct_nf4_code(&values)
        return values
    }

    public var device: Device { codes.device }

    /// Bytes of codes and scales.
    public var byteCount: Int { codes.byteCount + scaleCodes.byteCount + outerScales.byteCount + 8 }

    /// The C description; valid while this object lives.
    private var description: ct_nf4_matrix {
        ct_nf4_matrix(
            codes: codes.handle, scale_codes: scaleCodes.handle, outer_scales: outerScales.handle,
            mean: mean, rows: Int64(rows), columns: Int64(columns))
    }

    /// The values of some rows: [rows.count, columns].
    public func dense(_ rows: Range<Int>, _ dtype: DType) throws(TorchError) -> Tensor {
        var matrix = description
        return try wrap(
            ct_nf4_rows(&matrix, Int64(rows.lowerBound), Int64(rows.count), dtype.code),
            "NF4Matrix.dense", [codes])
    }

    /// The values of all rows: [rows, columns].
    public func dense(_ dtype: DType) throws(TorchError) -> Tensor { try dense(0..<rows, dtype) }

    /// As ``dense(_:_:)`` by tensor operators: the slow twin that the kernel is tested against.
    func plainDense(_ rows: Range<Int>, _ dtype: DType) throws(TorchError) -> Tensor {
        var matrix = description
        return try wrap(
            ct_nf4_rows_plain(&matrix, Int64(rows.lowerBound), Int64(rows.count), dtype.code),
            "NF4Matrix.plainDense", [codes])
    }

    /// The values of the rows at `indices` [N] int64: [N, columns].
    public func select(_ indices: Tensor, _ dtype: DType) throws(TorchError) -> Tensor {
        var matrix = description
        return try wrap(
            ct_nf4_select(&matrix, indices.handle, dtype.code), "NF4Matrix.select", [indices])
    }

    /// x · selfᵀ + bias, [N, columns] → [N, rows] in the type of `x`, as a dense layer of the values
    /// gives it. Gradients flow to `x` and `bias`; the matrix has none.
    ///
    /// The forward pass makes a megabyte of rows dense at a time, the backward pass the whole matrix;
    /// neither keeps them.
    public func linear(_ x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        var matrix = description
        return try wrap(
            ct_nf4_linear(x.handle, &matrix, bias?.handle), "NF4Matrix.linear", [x])
    }

    /// As
    /// ``Kernels/linearLogProbabilities(hidden:weight:targets:temperature:softCap:entropyGradient:blockBytes:)``
    /// with this matrix for the head: [V, C]. Blocks of it are made dense as they are needed.
    public func logProbabilities(
        hidden: Tensor, targets: Tensor, temperature: Double = 1, softCap: Double? = nil,
        blockBytes: Int = 4 << 20
    ) throws(TorchError) -> (logProbabilities: Tensor, entropy: Tensor) {
        var matrix = description
        var logProbabilities: OpaquePointer?
        var entropy: OpaquePointer?
        try check(
            ct_nf4_log_probabilities(
                hidden.handle, &matrix, targets.handle, temperature, softCap ?? 0,
                Int64(blockBytes), &logProbabilities, &entropy),
            "NF4Matrix.logProbabilities", [hidden, targets])
        return (
            try wrap(logProbabilities, "NF4Matrix.logProbabilities", [hidden]),
            try wrap(entropy, "NF4Matrix.logProbabilities", [hidden])
        )
    }
}
