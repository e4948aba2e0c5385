/// The merges of a model: for a pair of neighbouring tokens, how early the pair merges and what
/// becomes of it. Open addressing over the packed pair of ids.
struct MergeTable: Sendable {
    /// One merge. Lower ranks merge first.
    struct Merge {
        var rank: UInt32
        var id: UInt32
    }

    private struct Slot {
        var pair: UInt64
        var rank: UInt32
        var id: UInt32
    }

    /// No pair of ids reaches this value: ids are below `Vocabulary.idLimit`.
    private static let free = UInt64.max

    private var slots: [Slot]
    private var count = 0

    init(expectedCount: Int) {
        var size = 64
        while size * 5 < expectedCount * 8 { size *= 2 }
        slots = [Slot](repeating: Slot(pair: Self.free, rank: 0, id: 0), count: size)
    }

    /// Sets the merge of `left` and `right`; a later one for the same pair replaces the earlier.
    mutating func insert(_ left: UInt32, _ right: UInt32, rank: Int, id: UInt32) {
        if count * 8 >= slots.count * 6 { grow() }
        let pair = UInt64(left) << 32 | UInt64(right)
        var slot = Int(truncatingIfNeeded: ByteHash.mix(pair)) & (slots.count - 1)
        while slots[slot].pair != Self.free, slots[slot].pair != pair {
            slot = (slot + 1) & (slots.count - 1)
        }
        if slots[slot].pair == Self.free { count += 1 }
        slots[slot] = Slot(pair: pair, rank: UInt32(rank), id: id)
    }

    /// The merge of `left` and `right`, if there is one.
    @inline(__always)
    func merge(_ left: UInt32, _ right: UInt32) -> Merge? {
        slots.withUnsafeBufferPointer { slots in
            let pair = UInt64(left) << 32 | UInt64(right)
            let mask = slots.count - 1
            var slot = Int(truncatingIfNeeded: ByteHash.mix(pair)) & mask
            while true {
                let entry = slots[slot]
                if entry.pair == pair { return Merge(rank: entry.rank, id: entry.id) }
                if entry.pair == Self.free { return nil }
                slot = (slot + 1) & mask
            }
        }
    }

    private mutating func grow() {
        var larger = MergeTable(expectedCount: slots.count * 2)
        for slot in slots where slot.pair != Self.free {
            larger.insert(
                UInt32(slot.pair >> 32), UInt32(truncatingIfNeeded: slot.pair),
                rank: Int(slot.rank), id: slot.id)
        }
        self = larger
    }
}
