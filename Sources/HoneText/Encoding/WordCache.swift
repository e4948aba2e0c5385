/// Words met before and the ids they became. Emptied when full: text repeats its common words soon.
final class WordCache {
    private struct Entry {
        var hash: UInt64
        var wordStart: UInt32
        var wordCount: UInt32
        var idStart: UInt32
        var idCount: UInt32
    }

    /// Words longer than this seldom come back and are not kept.
    static let longestWord = 256

    private static let slotCount = 1 << 15
    private static let entryLimit = slotCount / 2

    /// Entry + 1, or 0 where free.
    private var slots = [UInt32](repeating: 0, count: slotCount)
    private var entries: [Entry] = []
    private var words: [UInt8] = []
    private var ids: [Int32] = []

    /// Appends the ids of `word` to `output` if it is known.
    func append(
        _ word: UnsafeBufferPointer<UInt8>, hash: UInt64, to output: inout [Int32]
    ) -> Bool {
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if entry.hash == hash, equals(entry, word) {
                let start = Int(entry.idStart)
                if entry.idCount == 1 {
                    output.append(ids[start])
                } else {
                    output.append(contentsOf: ids[start..<start + Int(entry.idCount)])
                }
                return true
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return false
    }

    /// Keeps `ids` for `word`, which must not be known yet.
    func insert(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, ids newIDs: ArraySlice<Int32>) {
        if entries.count >= Self.entryLimit { removeAll() }
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (Self.slotCount - 1) }
        entries.append(
            Entry(
                hash: hash, wordStart: UInt32(words.count), wordCount: UInt32(word.count),
                idStart: UInt32(ids.count), idCount: UInt32(newIDs.count)))
        slots[slot] = UInt32(entries.count)
        words.append(contentsOf: word)
        ids.append(contentsOf: newIDs)
    }

    private func removeAll() {
        for slot in slots.indices { slots[slot] = 0 }
        entries.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
    }

    private func equals(_ entry: Entry, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(entry.wordCount) == word.count else { return false }
        let start = Int(entry.wordStart)
        return words.withUnsafeBufferPointer { words in
            for index in 0..<word.count where words[start + index] != word[index] { return false }
            return true
        }
    }
}
