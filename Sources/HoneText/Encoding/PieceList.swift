import HoneCore

/// A stretch of text on its way to the model.
struct Piece {
    /// Offsets in bytes, in the list's text.
    var start: Int
    var end: Int
    /// Whether it begins where the whole input began.
    var isAtStart: Bool
}

/// The pieces that pre-tokenization has cut a text into, and the text that they are pieces of.
final class PieceList {
    /// The caller keeps this alive for as long as the list is used.
    private(set) var text = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private(set) var pieces: [Piece] = []
    private var spare: [Piece] = []
    private var front = ByteBuffer()
    private var back = ByteBuffer()

    /// Begins with all of `text` as one piece.
    func reset(_ text: UnsafeBufferPointer<UInt8>, isAtStart: Bool) {
        self.text = text
        pieces.removeAll(keepingCapacity: true)
        if text.count > 0 {
            pieces.append(Piece(start: 0, end: text.count, isAtStart: isAtStart))
        }
    }

    /// Replaces each piece by those that `splitter` cuts it into. Empty ones vanish.
    func split(by splitter: Splitter, _ scratch: MatchScratch) throws(TokenizerError) {
        swap(&pieces, &spare)
        pieces.removeAll(keepingCapacity: true)
        for piece in spare {
            try splitter.split(text.part(piece.start, piece.end), scratch) { start, end in
                guard start < end else { return }
                pieces.append(
                    Piece(
                        start: piece.start + start, end: piece.start + end,
                        isAtStart: piece.isAtStart && start == 0))
            }
        }
    }

    /// Replaces the text of each piece by what `body` appends for it.
    func rewrite(
        _ body: (_ piece: UnsafeBufferPointer<UInt8>, _ isAtStart: Bool, _ output: ByteBuffer) ->
            Void
    ) {
        // The text may lie in `front`, where the last rewrite left it.
        swap(&front, &back)
        front.removeAll()
        for index in pieces.indices {
            let piece = pieces[index]
            let start = front.count
            body(text.part(piece.start, piece.end), piece.isAtStart, front)
            pieces[index].start = start
            pieces[index].end = front.count
        }
        text = front.bytes
    }
}
