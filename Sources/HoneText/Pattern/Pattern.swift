import HoneCore

/// What a tokenizer's file gives as a pattern: a text or a regular expression.
enum Pattern: Sendable {
    case literal([UInt8])
    case regex(CompiledPattern)

    /// Calls `body` with each match in `text`, from left to right, and with each stretch between
    /// matches; the parts cover the text. Nothing is called for an empty text.
    ///
    /// An empty match directly behind another match is passed over, as in the `onig` crate.
    @inline(__always)
    func forEachPart(
        of text: UnsafeBufferPointer<UInt8>, _ scratch: MatchScratch,
        _ body: (_ start: Int, _ end: Int, _ isMatch: Bool) -> Void
    ) throws(TokenizerError) {
        var covered = 0
        var from = 0
        var lastEnd: Int?
        while from <= text.count {
            let match: Range<Int>?
            switch self {
            case .literal(let bytes): match = Self.firstOccurrence(of: bytes, in: text, from: from)
            case .regex(let regex): match = try regex.firstMatch(in: text, from: from, scratch)
            }
            guard let match else { break }
            if match.isEmpty, lastEnd == match.lowerBound {
                from += from < text.count ? UTF8Length.ofSequence(lead: text[from]) : 1
                continue
            }
            if covered < match.lowerBound { body(covered, match.lowerBound, false) }
            body(match.lowerBound, match.upperBound, true)
            covered = match.upperBound
            from = match.upperBound
            lastEnd = match.upperBound
        }
        if covered < text.count { body(covered, text.count, false) }
    }

    private static func firstOccurrence(
        of bytes: [UInt8], in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Range<Int>? {
        guard let first = bytes.first else { return start..<start }
        guard text.count >= bytes.count else { return nil }
        var index = start
        while index <= text.count - bytes.count {
            if text[index] == first {
                var length = 1
                while length < bytes.count, text[index + length] == bytes[length] { length += 1 }
                if length == bytes.count { return index..<index + length }
            }
            index += 1
        }
        return nil
    }
}
