import HoneCore

/// What one encoding at a time needs besides the tokenizer itself: the cache of words and buffers.
///
/// Unchecked: the tokenizer hands each to one encoding at a time and takes it back behind a lock.
final class EncodingScratch: @unchecked Sendable {
    let cache = WordCache()
    let merger = SymbolMerger()
    let matcher = MatchScratch.forTokenizing()
    /// A word in the characters of the byte alphabet.
    let alphabetText = ByteBuffer()
    /// What the last normalizer wrote, and what the one before it wrote.
    var normalized = ByteBuffer()
    var toNormalize = ByteBuffer()
    let pieces = PieceList()
    var symbols: [UInt32] = []
}
