/// How often each n-gram of one order occurs in a text.
struct WordCounts {
    private(set) var counts: [ArraySlice<String>: Int] = [:]
    private(set) var total = 0

    /// - Parameters:
    ///   - words: the text.
    ///   - order: words in an n-gram, at least 1.
    init(_ words: [String], order: Int) {
        guard words.count >= order else { return }
        total = words.count - order + 1
        counts.reserveCapacity(total)
        for start in 0..<total { counts[words[start..<start + order], default: 0] += 1 }
    }

    /// Σ over n-grams of the smaller of both counts.
    func overlap(_ other: WordCounts) -> Int {
        counts.reduce(0) { $0 + min($1.value, other.counts[$1.key] ?? 0) }
    }
}
