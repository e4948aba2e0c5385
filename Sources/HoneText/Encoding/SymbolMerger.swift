/// Merges the symbols of one word, with the buffers that this takes.
///
/// Short words are scanned for their earliest merge over and over, which beats any queue there;
/// long ones (a whole text is one word where nothing splits it) go through a heap over a linked
/// list. Both merge the pair of lowest rank first and the leftmost among equals.
final class SymbolMerger {
    /// Words of at most this many symbols are scanned. Measured: the two cross near here.
    private static let longestScan = 48
    private static let never = UInt32.max

    private var ranks: [UInt32] = []
    private var merged: [UInt32] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    /// Rank in the upper half, position in the lower: their order is the order of merging.
    private var heap: [UInt64] = []

    /// Replaces `symbols` by what they merge to.
    func merge(_ symbols: inout [UInt32], by merges: borrowing MergeTable) {
        guard symbols.count > 1 else { return }
        if symbols.count <= Self.longestScan {
            scan(&symbols, merges)
        } else {
            queue(&symbols, merges)
        }
    }

    private func scan(_ symbols: inout [UInt32], _ merges: borrowing MergeTable) {
        var count = symbols.count
        ranks.removeAll(keepingCapacity: true)
        merged.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            let merge = merges.merge(symbols[index], symbols[index + 1])
            ranks.append(merge?.rank ?? Self.never)
            merged.append(merge?.id ?? 0)
        }
        symbols.withUnsafeMutableBufferPointer { symbols in
            ranks.withUnsafeMutableBufferPointer { ranks in
                merged.withUnsafeMutableBufferPointer { merged in
                    while count > 1 {
                        var best = Self.never
                        var position = 0
                        for index in 0..<count - 1 where ranks[index] < best {
                            best = ranks[index]
                            position = index
                        }
                        guard best != Self.never else { break }
                        symbols[position] = merged[position]
                        for index in position + 1..<count - 1 {
                            symbols[index] = symbols[index + 1]
                        }
                        for index in position..<count - 2 {
                            ranks[index] = ranks[index + 1]
                            merged[index] = merged[index + 1]
                        }
                        count -= 1
                        if position > 0 {
                            let merge = merges.merge(symbols[position - 1], symbols[position])
                            ranks[position - 1] = merge?.rank ?? Self.never
                            merged[position - 1] = merge?.id ?? 0
                        }
                        if position < count - 1 {
                            let merge = merges.merge(symbols[position], symbols[position + 1])
                            ranks[position] = merge?.rank ?? Self.never
                            merged[position] = merge?.id ?? 0
                        }
                    }
                }
            }
        }
        symbols.removeSubrange(count...)
    }

    private func queue(_ symbols: inout [UInt32], _ merges: borrowing MergeTable) {
        let count = symbols.count
        next.removeAll(keepingCapacity: true)
        previous.removeAll(keepingCapacity: true)
        ranks.removeAll(keepingCapacity: true)
        merged.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        for index in 0..<count {
            // The ends of the list point outside the word.
            next.append(Int32(index + 1))
            previous.append(Int32(index) - 1)
            ranks.append(Self.never)
            merged.append(0)
        }
        for index in 0..<count - 1 { consider(index, symbols, merges) }
        while let key = popMinimum() {
            let position = Int(truncatingIfNeeded: key & 0xFFFF_FFFF)
            // An entry of the heap holds only while it is its pair's present one.
            guard ranks[position] == UInt32(truncatingIfNeeded: key >> 32) else { continue }
            let right = Int(next[position])
            symbols[position] = merged[position]
            let after = Int(next[right])
            next[position] = Int32(after)
            if after < count { previous[after] = Int32(position) }
            ranks[right] = Self.never
            // A symbol that was merged away is marked, to be left out below.
            next[right] = -1
            let before = Int(previous[position])
            if before >= 0 { consider(before, symbols, merges) }
            consider(position, symbols, merges)
        }
        var kept = 0
        for index in 0..<count where next[index] >= 0 {
            symbols[kept] = symbols[index]
            kept += 1
        }
        symbols.removeSubrange(kept...)
    }

    /// Looks up the pair that begins at `position` and queues its merge, if it has one.
    private func consider(_ position: Int, _ symbols: [UInt32], _ merges: borrowing MergeTable) {
        let right = Int(next[position])
        guard right < symbols.count,
            let merge = merges.merge(symbols[position], symbols[right])
        else {
            ranks[position] = Self.never
            return
        }
        ranks[position] = merge.rank
        merged[position] = merge.id
        push(UInt64(merge.rank) << 32 | UInt64(position))
    }

    private func push(_ key: UInt64) {
        var child = heap.count
        heap.append(key)
        heap.withUnsafeMutableBufferPointer { heap in
            while child > 0 {
                let parent = (child - 1) >> 1
                guard key < heap[parent] else { break }
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = key
        }
    }

    private func popMinimum() -> UInt64? {
        guard let minimum = heap.first else { return nil }
        let last = heap.removeLast()
        let count = heap.count
        guard count > 0 else { return minimum }
        heap.withUnsafeMutableBufferPointer { heap in
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < count else { break }
                if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < last else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
        return minimum
    }
}
