/// The one-to-one map between the 256 bytes and printable characters under which byte-level
/// vocabularies are written (GPT-2's `bytes_to_unicode`).
///
/// Printable Latin-1 bytes (0x21–0x7E, 0xA1–0xAC, 0xAE–0xFF) stand for themselves; the other 68, in
/// ascending order, are U+0100, U+0101, …
enum ByteAlphabet {
    /// The code point that stands for each byte.
    static let scalars: [UInt16] = {
        var next: UInt16 = 0x100
        return (0...255).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return UInt16(byte)
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// The byte that each code point below 0x144 stands for; 0xFFFF where it stands for none.
    private static let bytes: [UInt16] = {
        var table = [UInt16](repeating: 0xFFFF, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = UInt16(byte) }
        return table
    }()

    /// Appends the characters that stand for `text`'s bytes, in UTF-8.
    static func append(_ text: UnsafeBufferPointer<UInt8>, to buffer: ByteBuffer) {
        for byte in text {
            let scalar = scalars[Int(byte)]
            if scalar < 0x80 {
                buffer.append(UInt8(scalar))
            } else {
                buffer.append(UInt8(0xC0 | scalar >> 6))
                buffer.append(UInt8(0x80 | scalar & 0x3F))
            }
        }
    }

    /// Appends the bytes that the characters of `token` stand for, or the bytes of `token` itself
    /// where one of them stands for none.
    static func appendBytes(of token: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        let start = output.count
        var index = 0
        while index < token.count {
            let lead = token[index]
            var scalar = Int(lead)
            var length = 1
            if lead >= 0xC2, lead <= 0xDF, index + 1 < token.count {
                scalar = Int(lead & 0x1F) << 6 | Int(token[index + 1] & 0x3F)
                length = 2
            } else if lead >= 0x80 {
                scalar = Int.max
            }
            guard scalar < bytes.count, bytes[scalar] != 0xFFFF else {
                output.removeSubrange(start...)
                output.append(contentsOf: token)
                return
            }
            output.append(UInt8(bytes[scalar]))
            index += length
        }
    }
}
