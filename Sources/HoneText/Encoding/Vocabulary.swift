/// The tokens of a model and their ids, in flat tables.
///
/// Tokens are compared as bytes. (`String` compares by canonical equivalence, under which a
/// vocabulary that holds both a composed and a decomposed accent would lose one of them.)
struct Vocabulary: Sendable {
    /// All tokens, end to end.
    private var text: [UInt8] = []
    /// Token `entry` is `text[starts[entry]..<starts[entry + 1]]`.
    private var starts: [UInt32] = [0]
    /// The id of each entry.
    private var ids: [UInt32] = []
    /// Open addressing by the token's hash; entry + 1, or 0 where free.
    private var slots: [UInt32] = [UInt32](repeating: 0, count: 1024)
    /// Entry + 1 of each id, or 0 where no token has it.
    private var entryOfID: [UInt32] = []

    /// Ids at or beyond this are refused: no model has as many rows in its embedding.
    static let idLimit = 1 << 24

    var count: Int { ids.count }

    /// The largest id of a token, or nil when there is none.
    var maximumID: Int? { entryOfID.isEmpty ? nil : entryOfID.count - 1 }

    /// Whether `id` had no token before; a token that was there already takes the new id.
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int) -> Bool {
        if id < entryOfID.count, entryOfID[id] != 0 { return false }
        if ids.count * 2 >= slots.count { grow() }
        var slot = Int(truncatingIfNeeded: ByteHash.hash(token)) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if equals(entry, token) {
                entryOfID[Int(ids[entry])] = 0
                ids[entry] = UInt32(id)
                record(id, entry)
                return true
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        let entry = ids.count
        slots[slot] = UInt32(entry + 1)
        text.append(contentsOf: token)
        starts.append(UInt32(text.count))
        ids.append(UInt32(id))
        record(id, entry)
        return true
    }

    /// The id of `token`, if it has one.
    func id(of token: UnsafeBufferPointer<UInt8>) -> UInt32? {
        var slot = Int(truncatingIfNeeded: ByteHash.hash(token)) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if equals(entry, token) { return ids[entry] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    func id(of token: [UInt8]) -> UInt32? { token.withUnsafeBufferPointer { id(of: $0) } }

    /// Calls `body` with the bytes of the token that has `id`. Nil if none has.
    func withToken<Result>(
        _ id: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        guard entryOfID.indices.contains(id), entryOfID[id] != 0 else { return nil }
        let entry = Int(entryOfID[id]) - 1
        return try text.withUnsafeBufferPointer {
            try body($0.part(Int(starts[entry]), Int(starts[entry + 1])))
        }
    }

    private mutating func record(_ id: Int, _ entry: Int) {
        if id >= entryOfID.count {
            entryOfID.append(contentsOf: repeatElement(0, count: id + 1 - entryOfID.count))
        }
        entryOfID[id] = UInt32(entry + 1)
    }

    @inline(__always)
    private func equals(_ entry: Int, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[entry])
        guard Int(starts[entry + 1]) - start == token.count else { return false }
        for index in 0..<token.count where text[start + index] != token[index] { return false }
        return true
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        text.withUnsafeBufferPointer { all in
            for entry in 0..<ids.count {
                let token = all.part(Int(starts[entry]), Int(starts[entry + 1]))
                var slot = Int(truncatingIfNeeded: ByteHash.hash(token)) & (slots.count - 1)
                while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
                slots[slot] = UInt32(entry + 1)
            }
        }
    }
}
