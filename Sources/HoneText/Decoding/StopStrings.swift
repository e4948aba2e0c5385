import HoneCore

/// Ends a completion when one of some strings has appeared in its text.
///
/// The text is that of ``StreamingDecoder`` with special tokens written out, so that a stop string may
/// be one. A string is found at the token that completes it, also where that token goes on beyond it.
public struct StopStrings: StopCondition {
    private let strings: [[UInt8]]
    private let tokenizer: Tokenizer

    /// Looks for `strings`; empty ones are never found.
    public init(_ strings: [String], tokenizer: Tokenizer) {
        self.strings = strings.map { Array($0.utf8) }.filter { !$0.isEmpty }
        self.tokenizer = tokenizer
    }

    public func makeMatcher() -> any StopMatcher {
        StopStringDetector(strings: strings, tokenizer: tokenizer)
    }
}

/// Follows one completion for ``StopStrings``.
struct StopStringDetector: StopMatcher {
    private let strings: [[UInt8]]
    /// What must stay of past text for a string that is only half there.
    private let overlap: Int
    private var decoder: StreamingDecoder
    private var tail: [UInt8] = []

    init(strings: [[UInt8]], tokenizer: Tokenizer) {
        self.strings = strings
        overlap = (strings.map(\.count).max() ?? 1) - 1
        decoder = StreamingDecoder(tokenizer, skipSpecialTokens: false)
    }

    mutating func consume(_ token: Int32) -> Bool {
        guard !strings.isEmpty else { return false }
        tail.append(contentsOf: decoder.append(token).utf8)
        let text = tail + Array(decoder.provisionalText.utf8)
        let isFound = strings.contains { Self.contains($0, in: text) }
        tail = tail.suffix(overlap)
        return isFound
    }

    private static func contains(_ string: [UInt8], in text: [UInt8]) -> Bool {
        guard text.count >= string.count else { return false }
        return (0...(text.count - string.count)).contains { text[$0...].starts(with: string) }
    }
}
