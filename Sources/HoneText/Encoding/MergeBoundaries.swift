/// Between which characters a merge can happen at all.
///
/// A merge joins a token that ends with some character to one that begins with another. Where no
/// merge has such a pair, a word falls apart into two that are encoded independently, without any
/// change of the result. Vocabularies from SentencePiece take whole texts for words, and nearly all
/// of them merge nothing into a space: there this finds the words again.
struct MergeBoundaries: Sendable {
    /// A bit for each hash of a pair. Pairs that share a bit are only cut less.
    private var bits = [UInt64](repeating: 0, count: 1 << 14)

    /// Notes the merge of `left` and `right`, neither of them empty.
    mutating func insert(left: UnsafeBufferPointer<UInt8>, right: UnsafeBufferPointer<UInt8>) {
        guard let before = UTF8Scalar.before(left.count, in: left)?.scalar,
            let after = UTF8Scalar.at(0, in: right)?.scalar
        else { return }
        let (word, bit) = Self.place(before.value, after.value)
        bits[word] |= bit
    }

    /// Whether a merge may join what ends with `before` to what begins with `after`.
    @inline(__always)
    func mayMerge(_ before: UInt32, _ after: UInt32) -> Bool {
        let (word, bit) = Self.place(before, after)
        return bits[word] & bit != 0
    }

    @inline(__always)
    private static func place(_ before: UInt32, _ after: UInt32) -> (word: Int, bit: UInt64) {
        let hash = ByteHash.mix(UInt64(before) << 32 | UInt64(after))
        return (Int(hash >> 6) & ((1 << 14) - 1), 1 << (hash & 63))
    }
}
