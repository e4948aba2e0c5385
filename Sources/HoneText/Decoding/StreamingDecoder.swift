import HoneCore

/// Turns the ids of a completion into text as they come.
///
/// What it gives is final: all of it together, with ``finish()``, is exactly what
/// `Tokenizer.decode(_:skipSpecialTokens:)` gives for all ids at once. So it gives no half of a
/// character, and holds back what later ids could still change: an incomplete UTF-8 sequence, and in
/// vocabularies with byte fallback a run of byte tokens until it ends.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    /// Bytes whose fate is open: the tail of a sequence, or a run of byte tokens.
    private var held: [UInt8] = []
    /// Tokens that must wait for the end.
    private var waiting: [[UInt8]] = []
    private var isFirst = true
    private var stripsLeft: Int

    /// A decoder for one completion, from its first id on.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skipSpecialTokens
        if case .texts(_, _, let strip?) = tokenizer.decodingPlan {
            stripsLeft = strip.count
        } else {
            stripsLeft = 0
        }
    }

    /// The text that is certain now that `id` has come; often empty.
    public mutating func append(_ id: Int32) -> String {
        if skipsSpecialTokens, tokenizer.isSpecial(Int(id)) { return "" }
        guard let token = tokenizer.tokenBytes(Int(id)) else { return "" }
        defer { isFirst = false }
        switch tokenizer.decodingPlan {
        case .bytes:
            token.withUnsafeBufferPointer { ByteAlphabet.appendBytes(of: $0, to: &held) }
            return takeComplete()
        case .spaced:
            if !isFirst { held.append(0x20) }
            held.append(contentsOf: token)
            return takeComplete()
        case .texts(let steps, let joinsBytes, let strip):
            var text = token
            for step in steps { text = Self.apply(step, to: text, isFirst: isFirst) }
            if joinsBytes, let byte = ByteFallbackToken.byte(of: text) {
                held.append(byte)
                return ""
            }
            let run = takeRun()
            return stripped(run + text, strip)
        case .whole:
            waiting.append(token)
            return ""
        }
    }

    /// The rest of the text, now that no more ids come. The decoder is at its start again.
    public mutating func finish() -> String {
        defer { self = StreamingDecoder(tokenizer, skipSpecialTokens: skipsSpecialTokens) }
        switch tokenizer.decodingPlan {
        case .bytes, .spaced: return TokenDecoder.repaired(held)
        case .texts(_, _, let strip): return stripped(takeRun(), strip)
        case .whole: return tokenizer.text(of: waiting)
        }
    }

    /// What is held back, as far as it is text already. Later ids may still change it.
    public var provisionalText: String {
        guard case .texts = tokenizer.decodingPlan else { return "" }
        let end = UTF8Check.firstInvalidByte(of: held[...]) ?? held.count
        return String(decoding: held[..<end], as: UTF8.self)
    }

    /// Takes all but the beginning of a sequence that may still be completed.
    private mutating func takeComplete() -> String {
        let kept = UTF8Tail.incompleteCount(of: held)
        let text = TokenDecoder.repaired(Array(held.dropLast(kept)))
        held = Array(held.suffix(kept))
        return text
    }

    private mutating func takeRun() -> [UInt8] {
        defer { held = [] }
        if UTF8Check.firstInvalidByte(of: held[...]) == nil { return held }
        return Array(repeatElement([0xEF, 0xBF, 0xBD], count: held.count).joined())
    }

    private static func apply(_ step: TokenDecoder, to text: [UInt8], isFirst: Bool) -> [UInt8] {
        guard case .metaspace(let mark, let dropsFirst) = step, !isFirst || !dropsFirst else {
            return step.apply(to: [text])[0]
        }
        return TokenDecoder.metaspace(mark: mark, dropsFirst: false).apply(to: [text])[0]
    }

    private mutating func stripped(
        _ text: [UInt8], _ strip: (content: [UInt8], count: Int)?
    ) -> String {
        guard let strip, stripsLeft > 0 else { return TokenDecoder.repaired(text) }
        var rest = text[...]
        while stripsLeft > 0, !rest.isEmpty {
            if rest.starts(with: strip.content) {
                rest = rest.dropFirst(strip.content.count)
                stripsLeft -= 1
            } else {
                stripsLeft = 0
            }
        }
        return TokenDecoder.repaired(Array(rest))
    }
}

/// Ends of UTF-8 text that are not whole.
enum UTF8Tail {
    /// How many bytes at the end of `bytes` begin a well-formed sequence without completing it.
    static func incompleteCount(of bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let lead = bytes[bytes.count - count]
            guard lead & 0xC0 != 0x80 else { continue }
            let length: Int
            switch lead {
            case 0xC2...0xDF: length = 2
            case 0xE0...0xEF: length = 3
            case 0xF0...0xF4: length = 4
            default: return 0
            }
            guard length > count else { return 0 }
            guard count > 1 else { return 1 }
            // The second byte decides whether the sequence can be well-formed at all.
            let second = bytes[bytes.count - count + 1]
            let isPossible =
                switch lead {
                case 0xE0: second >= 0xA0
                case 0xED: second < 0xA0
                case 0xF0: second >= 0x90
                case 0xF4: second < 0x90
                default: true
                }
            return isPossible ? count : 0
        }
        return 0
    }
}
