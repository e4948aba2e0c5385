import HoneCore

/// Which rows are trained on and which are held out, as positions in the file.
struct RowSplit: Sendable, Hashable {
    var train: [Int]
    var test: [Int]

    /// The first `limit` rows of the order that `seed` draws, in file order; all for `nil`.
    static func limited(_ count: Int, to limit: Int?, seed: UInt64, shuffles: Bool) -> [Int] {
        guard let limit, limit < count else { return Array(0..<count) }
        guard shuffles else { return Array(0..<limit) }
        return Permutation.of(count, seed: seed, stream: -1).prefix(limit).sorted()
    }

    /// Holds out `wanted` of `rows`. Rows with the same key stay together; then a few more than
    /// `wanted` may be held out, to keep the last key whole. Without shuffling the end is held out.
    /// - Throws: when either side would be empty.
    static func holdingOut(
        _ wanted: Int, of rows: [Int], keys: [UInt64]?, seed: UInt64, shuffles: Bool
    ) throws(DatasetError) -> RowSplit {
        guard wanted >= 1, wanted < rows.count else {
            throw .impossibleSplit(
                reason: "holds out \(wanted) of \(rows.count) rows; both sides need at least one")
        }
        // The group of each row: rows of one key together, in the order in which keys appear.
        var groupOfRow = Array(0..<rows.count)
        var sizes = Array(repeating: 1, count: rows.count)
        if let keys {
            var groupOfKey: [UInt64: Int] = [:]
            sizes = []
            for (position, key) in keys.enumerated() {
                let group = groupOfKey[key] ?? sizes.count
                if group == sizes.count {
                    groupOfKey[key] = group
                    sizes.append(0)
                }
                sizes[group] += 1
                groupOfRow[position] = group
            }
        }
        let order =
            shuffles
            ? Permutation.of(sizes.count, seed: seed, stream: -2)
            : Array((0..<sizes.count).reversed())
        var isHeld = Array(repeating: false, count: sizes.count)
        var heldCount = 0
        for group in order {
            if heldCount >= wanted { break }
            isHeld[group] = true
            heldCount += sizes[group]
        }
        var split = RowSplit(train: [], test: [])
        for (row, group) in zip(rows, groupOfRow) {
            if isHeld[group] { split.test.append(row) } else { split.train.append(row) }
        }
        guard !split.train.isEmpty else {
            throw .impossibleSplit(
                reason: "holds out every row, because rows with the same split_key stay together "
                    + "and there are only \(sizes.count) keys")
        }
        return split
    }

    /// How many of `count` rows a share stands for: the nearest number, at least 1.
    static func rows(for fraction: Double, of count: Int) -> Int {
        max(1, Int((fraction * Double(count)).rounded()))
    }
}
