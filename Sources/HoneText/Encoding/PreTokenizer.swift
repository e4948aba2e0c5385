import HoneCore

/// One step that cuts text into the words that the model sees.
enum PreTokenizer: Sendable {
    case split(Splitter)
    /// Puts a space before each piece that has none.
    case prefixSpace
    /// Replaces each byte by the character that stands for it (``ByteAlphabet``).
    case byteAlphabet
    /// Replaces spaces by a mark, puts one before the text, and may split at it.
    case metaspace(mark: [UInt8], prepend: PrependScheme, splits: Bool)

    /// Where a metaspace mark is put before a piece that does not begin with one.
    enum PrependScheme: String, Sendable {
        case always
        /// Only at the start of the whole input.
        case first
        case never
    }

    func apply(to pieces: PieceList, _ scratch: MatchScratch) throws(TokenizerError) {
        switch self {
        case .split(let splitter): try pieces.split(by: splitter, scratch)
        case .prefixSpace:
            pieces.rewrite { piece, _, output in
                if piece.first != UInt8(ascii: " ") { output.append(UInt8(ascii: " ")) }
                output.append(piece)
            }
        case .byteAlphabet:
            pieces.rewrite { piece, _, output in ByteAlphabet.append(piece, to: output) }
        case .metaspace(let mark, let prepend, let splits):
            pieces.rewrite { piece, isAtStart, output in
                let begins = piece.first == UInt8(ascii: " ") || piece.starts(withBytes: mark)
                let isWanted =
                    switch prepend {
                    case .always: true
                    case .first: isAtStart
                    case .never: false
                    }
                if isWanted, !begins { output.append(mark) }
                for byte in piece {
                    if byte == UInt8(ascii: " ") {
                        output.append(mark)
                    } else {
                        output.append(byte)
                    }
                }
            }
            if splits {
                let splitter = Splitter(pattern: .literal(mark), behavior: .mergedWithNext)
                try pieces.split(by: splitter, scratch)
            }
        }
    }
}
