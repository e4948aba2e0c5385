import HoneCore

/// What becomes of the matches when a text is split at them. Names as in `tokenizer.json`.
enum SplitBehavior: String, Sendable {
    /// They are left out.
    case removed = "Removed"
    /// Each is a piece of its own.
    case isolated = "Isolated"
    /// Each ends the piece before it.
    case mergedWithPrevious = "MergedWithPrevious"
    /// Each begins the piece behind it.
    case mergedWithNext = "MergedWithNext"
    /// Neighbouring matches are one piece together.
    case contiguous = "Contiguous"
}

/// Splits pieces of text at a pattern.
struct Splitter: Sendable {
    var pattern: Pattern
    var behavior: SplitBehavior
    /// Whether the matches and what lies between them change parts.
    var isInverted = false

    private struct Part {
        var start: Int
        var end: Int
        var isMatch: Bool
    }

    /// Calls `emit` with the start and end of each piece of `text`, from left to right. Some may be
    /// empty.
    func split(
        _ text: UnsafeBufferPointer<UInt8>, _ scratch: MatchScratch,
        _ emit: (_ start: Int, _ end: Int) -> Void
    ) throws(TokenizerError) {
        if behavior == .isolated {
            try pattern.forEachPart(of: text, scratch) { start, end, _ in emit(start, end) }
            return
        }
        var parts: [Part] = []
        try pattern.forEachPart(of: text, scratch) { start, end, isMatch in
            parts.append(Part(start: start, end: end, isMatch: isMatch != isInverted))
        }
        switch behavior {
        case .isolated, .removed:
            for part in parts where !part.isMatch { emit(part.start, part.end) }
        case .contiguous:
            for part in Self.join(parts, { $0.isMatch == $1 }) { emit(part.start, part.end) }
        case .mergedWithPrevious:
            for part in Self.join(parts, { $0.isMatch && !$1 }) { emit(part.start, part.end) }
        case .mergedWithNext:
            // Seen from the right, the next is the previous.
            let joined = Self.join(parts.reversed()) { $0.isMatch && !$1 }
            for part in joined.reversed() { emit(part.start, part.end) }
        }
    }

    /// Joins each part to the one before it where `joins(part, whether the one before matched)`;
    /// before the first part, nothing matched.
    private static func join(_ parts: [Part], _ joins: (Part, Bool) -> Bool) -> [Part] {
        var result: [Part] = []
        var previous = false
        for part in parts {
            if joins(part, previous), let last = result.indices.last {
                result[last].start = min(result[last].start, part.start)
                result[last].end = max(result[last].end, part.end)
            } else {
                result.append(part)
            }
            previous = part.isMatch
        }
        return result
    }
}
