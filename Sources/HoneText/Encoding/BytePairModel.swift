/// Byte pair encoding of one word at a time: the word's symbols, merged pair by pair in the order
/// of the merges' ranks (leftmost first among equals) until no pair is left that merges.
///
/// Source: Sennrich et al. 2016, in the variant of the `tokenizers` library (`models/bpe`).
struct BytePairModel: Sendable {
    /// What a word is cut into before the first merge.
    enum SymbolUnit: Sendable {
        /// Bytes, written in the vocabulary by ``ByteAlphabet``.
        case bytes
        /// Characters (Unicode scalars).
        case characters
    }

    /// What becomes of a character that the vocabulary lacks.
    struct UnknownPolicy: Sendable {
        /// The id that stands for it; nil drops it.
        var id: UInt32?
        /// Whether neighbouring unknown characters become one id together.
        var fuses: Bool
        /// The ids of the 256 tokens `<0x00>` … `<0xFF>`, where they are tried first.
        var byteFallback: [UInt32?]?
    }

    let vocabulary: Vocabulary
    let merges: MergeTable
    let unit: SymbolUnit
    let unknown: UnknownPolicy
    /// Whether a word that is a token as a whole is taken without looking at merges.
    let ignoresMerges: Bool
    /// Where words fall apart before they are looked at; nil where they must stay whole.
    private let boundaries: MergeBoundaries?
    /// The id of each byte (`.bytes`) or ASCII character (`.characters`), where it has one.
    private let singles: [UInt32?]

    init(
        vocabulary: Vocabulary, merges: MergeTable, unit: SymbolUnit, unknown: UnknownPolicy,
        ignoresMerges: Bool, boundaries: MergeBoundaries?
    ) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.unit = unit
        self.unknown = unknown
        self.ignoresMerges = ignoresMerges
        // Whole words may be tokens that no merge makes; and where characters can be unknown, what
        // is left of them may fuse, or vanish from between two that merge.
        let allKnown = unknown.byteFallback?.contains(nil) == false
        self.boundaries = unit == .characters && allKnown && !ignoresMerges ? boundaries : nil
        let count = unit == .bytes ? 256 : 128
        singles = (0..<count).map { byte in
            let scalar = unit == .bytes ? UInt32(ByteAlphabet.scalars[byte]) : UInt32(byte)
            return vocabulary.id(of: Array(UTF8.encode(Unicode.Scalar(scalar)!)!))
        }
    }

    /// Whether nothing can be unknown: each byte has its token.
    var knowsAllSymbols: Bool { unit == .bytes && singles.allSatisfy { $0 != nil } }

    /// Appends the ids of `word` to `output`.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, scratch: EncodingScratch, into output: inout [Int32]
    ) {
        guard let boundaries, word.count > 1 else {
            encodeWhole(word, scratch: scratch, into: &output)
            return
        }
        var start = 0
        var before: UInt32?
        var index = 0
        while let (scalar, next) = UTF8Scalar.at(index, in: word) {
            if let before, !boundaries.mayMerge(before, scalar.value) {
                encodeWhole(word.part(start, index), scratch: scratch, into: &output)
                start = index
            }
            before = scalar.value
            index = next
        }
        encodeWhole(word.part(start, word.count), scratch: scratch, into: &output)
    }

    private func encodeWhole(
        _ word: UnsafeBufferPointer<UInt8>, scratch: EncodingScratch, into output: inout [Int32]
    ) {
        guard word.count > 0 else { return }
        if word.count == 1,
            let id = singles.indices.contains(Int(word[0])) ? singles[Int(word[0])] : nil
        {
            output.append(Int32(id))
            return
        }
        let isKept = word.count <= WordCache.longestWord
        let hash = isKept ? ByteHash.hash(word) : 0
        if isKept, scratch.cache.append(word, hash: hash, to: &output) { return }
        let start = output.count
        if ignoresMerges, let id = wholeWord(word, scratch) {
            output.append(Int32(id))
        } else {
            cut(word, into: &scratch.symbols)
            scratch.merger.merge(&scratch.symbols, by: merges)
            for id in scratch.symbols { output.append(Int32(id)) }
        }
        if isKept { scratch.cache.insert(word, hash: hash, ids: output[start...]) }
    }

    private func wholeWord(
        _ word: UnsafeBufferPointer<UInt8>, _ scratch: EncodingScratch
    ) -> UInt32? {
        switch unit {
        case .characters: return vocabulary.id(of: word)
        case .bytes:
            scratch.alphabetText.removeAll()
            ByteAlphabet.append(word, to: scratch.alphabetText)
            return vocabulary.id(of: scratch.alphabetText.bytes)
        }
    }

    /// The ids of the word's bytes or characters, in place of what `symbols` held.
    private func cut(_ word: UnsafeBufferPointer<UInt8>, into symbols: inout [UInt32]) {
        symbols.removeAll(keepingCapacity: true)
        // An unknown character waits here, so that the next one may fuse with it.
        var pending: UInt32?
        var index = 0
        while index < word.count {
            let length = unit == .bytes ? 1 : UTF8Length.ofSequence(lead: word[index])
            let character = word.part(index, index + length)
            index += length
            let id = length == 1 ? singles[Int(character[0])] : vocabulary.id(of: character)
            if let id {
                if let waiting = pending { symbols.append(waiting) }
                pending = nil
                symbols.append(id)
                continue
            }
            if appendBytes(of: character, to: &symbols) { continue }
            guard let unknownID = unknown.id else { continue }
            if let waiting = pending, !unknown.fuses { symbols.append(waiting) }
            pending = unknownID
        }
        if let waiting = pending { symbols.append(waiting) }
    }

    /// Whether all of the character's bytes have a fallback token; if so, they are appended.
    private func appendBytes(
        of character: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32]
    ) -> Bool {
        guard let fallback = unknown.byteFallback,
            character.allSatisfy({ fallback[Int($0)] != nil })
        else { return false }
        for byte in character { symbols.append(fallback[Int(byte)]!) }
        return true
    }
}

/// Lengths of UTF-8 sequences.
enum UTF8Length {
    /// The number of bytes in the well-formed sequence that begins with `lead`.
    @inline(__always)
    static func ofSequence(lead: UInt8) -> Int {
        if lead < 0x80 { return 1 }
        if lead < 0xE0 { return 2 }
        return lead < 0xF0 ? 3 : 4
    }
}
