import Foundation
import Torch

/// How GGUF keeps the matrices of a model. Vectors (norms, biases) are always f32.
public enum GGUFEncoding: String, Sendable, Hashable, CaseIterable {
    case f16
    /// 32 numbers with an f16 scale, their largest size / 127, and 8 bits each: off by at most half
    /// the scale, and by what f16 rounds of it.
    case q8_0

    /// `general.file_type`.
    var fileType: UInt32 { self == .f16 ? 1 : 7 }

    static let block = 32
}

/// A tensor as it lies in a GGUF file.
struct GGUFTensor {
    /// As published: [O, I] or [C]. The file names the last axis first.
    var shape: [Int]
    var kind: Kind
    var bytes: Data

    /// By the numbers of ggml.
    enum Kind: UInt32 {
        case f32 = 0
        case f16 = 1
        case q8_0 = 8

        func byteCount(_ numbers: Int) -> Int {
            switch self {
            case .f32: 4 * numbers
            case .f16: 2 * numbers
            case .q8_0: numbers / GGUFEncoding.block * 34
            }
        }
    }

    init(shape: [Int], kind: Kind, bytes: Data) {
        self.shape = shape
        self.kind = kind
        self.bytes = bytes
    }

    /// `tensor` as `encoding` keeps it; a matrix whose rows are no multiple of 32 is f16.
    init(_ tensor: Tensor, _ encoding: GGUFEncoding) throws {
        shape = tensor.shape
        let values = try tensor.detached().to(.cpu).to(.float32).contiguous()
        let isWhole = (shape.last ?? 0).isMultiple(of: GGUFEncoding.block)
        switch (shape.count, encoding) {
        case (1, _):
            kind = .f32
            bytes = try Self.raw(values)
        case (_, .q8_0) where isWhole:
            kind = .q8_0
            bytes = try Self.coded(values)
        default:
            kind = .f16
            let half = try values.to(.float16)
            guard try half.isFinite().all().to(.int64).intItem() == 1 else {
                throw GGUFError.notExact(what: "a weight above 65504, the largest number of f16,")
            }
            bytes = try Self.raw(half)
        }
    }

    /// The numbers it stands for, f32.
    func values() throws -> Tensor {
        switch kind {
        case .f32: return try Self.tensor(bytes, .float32, shape)
        case .f16: return try Self.tensor(bytes, .float16, shape).to(.float32)
        case .q8_0:
            let blocks = shape.reduce(1, *) / GGUFEncoding.block
            let rows = try Self.tensor(bytes, .uint8, [blocks, 34])
            var scales = Data()
            for block in 0..<blocks {
                let start = bytes.startIndex + 34 * block
                scales.append(bytes[start..<start + 2])
            }
            let scale = try Self.tensor(scales, .float16, [blocks, 1]).to(.float32)
            let unsigned = try rows.narrow(1, 2..<34).to(.float32)
            // Bytes from 128 on are the negative numbers of int8.
            let signed = try unsigned - unsigned.greaterOrEqual(128).to(.float32) * 256
            return try (signed * scale).reshape(shape)
        }
    }

    private static func raw(_ tensor: Tensor) throws -> Data {
        try tensor.withUnsafeMutableBytes { Data($0) }
    }

    private static func tensor(_ bytes: Data, _ dtype: DType, _ shape: [Int]) throws -> Tensor {
        let tensor = try Tensor.zeros(shape, dtype: dtype)
        try tensor.withUnsafeMutableBytes { memory in
            _ = bytes.copyBytes(to: memory)
        }
        return tensor
    }

    /// As ggml's `quantize_row_q8_0_ref`: halves go away from zero, the scale is f16.
    private static func coded(_ values: Tensor) throws -> Data {
        let blocks = values.count / GGUFEncoding.block
        let rows = try values.reshape(blocks, GGUFEncoding.block)
        let scale = try rows.abs().amax(1, keepAxes: true) / 127
        let inverse = try Tensor.where(
            scale.greater(0), scale.reciprocal(), Tensor.zeros(scale.shape))
        let scaled = try rows * inverse
        let rounded = try scaled.sign() * (scaled.abs() + 0.5).floor()
        let codes = try raw(rounded.to(.int8).contiguous())
        let scales = try raw(scale.to(.float16).contiguous())
        var bytes = Data(capacity: blocks * 34)
        for block in 0..<blocks {
            bytes.append(scales[2 * block..<2 * block + 2])
            bytes.append(codes[32 * block..<32 * block + 32])
        }
        return bytes
    }
}
