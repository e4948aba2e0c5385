/// White space and words, as Unicode and Rust's standard library see them, in UTF-8.
enum WhiteSpace {
    /// Whether `scalar` has the property White_Space.
    static func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9...0xD, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000:
            true
        default: false
        }
    }

    /// Where the white space that ends at `end` begins.
    static func startOfRun(endingAt end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var start = end
        while let (scalar, before) = UTF8Scalar.before(start, in: text), contains(scalar) {
            start = before
        }
        return start
    }

    /// Where the white space that begins at `start` ends.
    static func endOfRun(from start: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var end = start
        while let (scalar, after) = UTF8Scalar.at(end, in: text), contains(scalar) { end = after }
        return end
    }
}

enum WordBoundary {
    /// Whether no word character touches `range` from outside. A word character is one of Alphabetic,
    /// M, Nd, Pc or Join_Control (`\w` in Rust's `regex`).
    static func isAround(_ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        if let (scalar, _) = UTF8Scalar.before(range.lowerBound, in: text), isWord(scalar) {
            return false
        }
        if let (scalar, _) = UTF8Scalar.at(range.upperBound, in: text), isWord(scalar) {
            return false
        }
        return true
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isAlphabetic || scalar.properties.isJoinControl { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default: return false
        }
    }
}

/// Scalars in well-formed UTF-8.
enum UTF8Scalar {
    /// The scalar at `index` and where the next one begins; nil at the end.
    @inline(__always)
    static func at(
        _ index: Int, in text: UnsafeBufferPointer<UInt8>
    ) -> (scalar: Unicode.Scalar, next: Int)? {
        guard index < text.count else { return nil }
        let lead = UInt32(text[index])
        let value: UInt32
        let length: Int
        switch lead {
        case 0..<0x80: (value, length) = (lead, 1)
        case 0x80..<0xE0: (value, length) = ((lead & 0x1F) << 6 | tail(index + 1), 2)
        case 0xE0..<0xF0:
            (value, length) = ((lead & 0xF) << 12 | tail(index + 1) << 6 | tail(index + 2), 3)
        default:
            value =
                (lead & 7) << 18 | tail(index + 1) << 12 | tail(index + 2) << 6 | tail(index + 3)
            length = 4
        }
        // Well-formed text holds scalars only.
        return (Unicode.Scalar(value)!, index + length)

        func tail(_ index: Int) -> UInt32 { UInt32(text[index] & 0x3F) }
    }

    /// The scalar that ends at `index` and where it begins; nil at the start.
    static func before(
        _ index: Int, in text: UnsafeBufferPointer<UInt8>
    ) -> (scalar: Unicode.Scalar, start: Int)? {
        guard index > 0 else { return nil }
        var start = index - 1
        while text[start] & 0xC0 == 0x80 { start -= 1 }
        return at(start, in: text).map { ($0.scalar, start) }
    }
}
