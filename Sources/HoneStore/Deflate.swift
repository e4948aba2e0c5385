import CZlib

/// Bytes made smaller by zlib (RFC 1950).
enum Deflate {
    /// `bytes` compressed: a length of four bytes, little endian, then the zlib stream.
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(uLong(bytes.count))
        var packed = [UInt8](repeating: 0, count: 4 + Int(size))
        for place in 0..<4 { packed[place] = UInt8(truncatingIfNeeded: bytes.count >> (8 * place)) }
        let status = packed.withUnsafeMutableBufferPointer { target in
            bytes.withUnsafeBufferPointer { source in
                compress2(
                    target.baseAddress! + 4, &size, source.baseAddress, uLong(source.count), 6)
            }
        }
        precondition(status == Z_OK, "zlib could not compress into a buffer of its own bound")
        packed.removeLast(packed.count - 4 - Int(size))
        return packed
    }

    /// What ``compress(_:)`` was given, or nil when `packed` is not its result.
    static func decompress(_ packed: [UInt8]) -> [UInt8]? {
        guard packed.count > 4 else { return nil }
        let count = (0..<4).reduce(0) { $0 | Int(packed[$1]) << (8 * $1) }
        var size = uLongf(count)
        var bytes = [UInt8](repeating: 0, count: max(count, 1))
        let status = bytes.withUnsafeMutableBufferPointer { target in
            packed.withUnsafeBufferPointer { source in
                uncompress(
                    target.baseAddress, &size, source.baseAddress! + 4, uLong(source.count - 4))
            }
        }
        guard status == Z_OK, Int(size) == count else { return nil }
        if bytes.count > count { bytes.removeAll() }
        return bytes
    }
}
