import HoneCore

/// A regular expression of a tokenizer.
///
/// The pattern is first translated from the dialect of the `tokenizers` library; see
/// ``PatternTranslator``.
final class CompiledPattern: Sendable {
    private let expression: RegularExpression
    /// The pattern as the tokenizer's file has it.
    let source: String

    /// Compiles `translated`, which stands for `source`.
    /// - Throws: `RegularExpression.CompileError` with a place in `translated`.
    init(translated: String, source: String) throws(RegularExpression.CompileError) {
        expression = try RegularExpression(translated, .machineCode)
        self.source = source
    }

    /// The first match in `text` at or after `start`, or nil.
    @inline(__always)
    func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ scratch: MatchScratch
    ) throws(TokenizerError) -> Range<Int>? {
        do throws(RegularExpression.MatchFailure) {
            return try expression.firstMatch(in: text, from: start, scratch)
        } catch {
            throw .matchFailed(pattern: source, reason: error.message)
        }
    }
}

extension MatchScratch {
    /// For the patterns of a tokenizer: far more than they need for one piece, so that a hostile one is an
    /// error and not a hang.
    static func forTokenizing() -> MatchScratch {
        MatchScratch(
            groupCount: 0,
            Bounds(
                steps: 50_000_000, depth: 50_000_000, heap: 1 << 20, stack: 64 << 10...256 << 20))
    }
}
