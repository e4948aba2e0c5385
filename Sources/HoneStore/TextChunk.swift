import HoneCore

/// Documents of one step packed and compressed together: the members of a group say similar things, so
/// together they take a fraction of the room that each would take alone.
///
/// Before compression: each document's length as four bytes, little endian, then its JSON text.
enum TextChunk {
    /// A chunk is closed when it holds this many bytes before compression. Larger ones compress a
    /// little better; but a page of a list that jumps between steps unpacks one for each of its rows.
    static let targetBytes = 16 * 1024

    /// Packs `documents` in their order.
    static func pack(_ documents: ArraySlice<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(documents.reduce(0) { $0 + $1.count + 4 })
        for document in documents {
            for place in 0..<4 {
                bytes.append(UInt8(truncatingIfNeeded: document.count >> (8 * place)))
            }
            bytes += document
        }
        return Deflate.compress(bytes)
    }

    /// Ranges of `documents` that make a chunk each.
    static func ranges(_ documents: [[UInt8]]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var (begin, size) = (0, 0)
        for (index, document) in documents.enumerated() {
            if size > 0, size + document.count > targetBytes {
                ranges.append(begin..<index)
                (begin, size) = (index, 0)
            }
            size += document.count
        }
        if begin < documents.count { ranges.append(begin..<documents.count) }
        return ranges
    }

    /// The bytes of a chunk's documents.
    /// - Throws: ``StoreError/corrupted(path:reason:)``.
    static func unpack(_ body: [UInt8], path: String) throws(StoreError) -> [ArraySlice<UInt8>] {
        guard let bytes = Deflate.decompress(body) else {
            throw .corrupted(path: path, reason: "the text of some completions cannot be unpacked")
        }
        var documents: [ArraySlice<UInt8>] = []
        var position = 0
        while position + 4 <= bytes.count {
            let count = (0..<4).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
            position += 4
            guard position + count <= bytes.count else { break }
            documents.append(bytes[position..<position + count])
            position += count
        }
        guard position == bytes.count else {
            throw .corrupted(path: path, reason: "the text of some completions ends too soon")
        }
        return documents
    }
}
