/// Tells well-formed UTF-8 from other bytes, and where they differ.
public enum UTF8Check {
    /// The index in `bytes` of the first byte that begins no well-formed sequence (Unicode 15,
    /// table 3-7: no surrogates, no overlong forms, nothing beyond U+10FFFF), or nil if all is well.
    public static func firstInvalidByte(of bytes: ArraySlice<UInt8>) -> Int? {
        let offset = bytes.withUnsafeBufferPointer { firstInvalidByte(of: $0) }
        return offset.map { bytes.startIndex + $0 }
    }

    /// The offset in `bytes` of the first byte that begins no well-formed sequence, or nil.
    public static func firstInvalidByte(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var index = 0
        while index < bytes.count {
            let lead = bytes[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            let length: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch lead {
            case 0xC2...0xDF: length = 2
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: length = 3
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: length = 4
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: return index
            }
            guard index + length <= bytes.count, second.contains(bytes[index + 1]) else {
                return index
            }
            for offset in 2..<max(length, 2) where !(0x80...0xBF).contains(bytes[index + offset]) {
                return index
            }
            index += length
        }
        return nil
    }
}
