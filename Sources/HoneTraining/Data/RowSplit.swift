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
        _ wanted: Int, of rows: [Int], keys: [String]?, seed: UInt64, shuffles: Bool
    ) throws(DatasetError) -> RowSplit {
        guard wanted >= 1, wanted < rows.count else {
            throw .impossibleSplit(
                reason: "holds out \(wanted) of \(rows.count) rows; both sides need at least one")
        }
        var groups: [[Int]] = []
        if let keys {
            var groupOfKey: [String: Int] = [:]
            for (row, key) in zip(rows, keys) {
                if let group = groupOfKey[key] {
                    groups[group].append(row)
                } else {
                    groupOfKey[key] = groups.count
                    groups.append([row])
                }
            }
        } else {
            groups = rows.map { [$0] }
        }
        let order =
            shuffles
            ? Permutation.of(groups.count, seed: seed, stream: -2)
            : Array((0..<groups.count).reversed())
        var test: [Int] = []
        for group in order {
            if test.count >= wanted { break }
            test += groups[group]
        }
        let held = Set(test)
        let train = rows.filter { !held.contains($0) }
        guard !train.isEmpty else {
            throw .impossibleSplit(
                reason: "holds out every row, because rows with the same split_key stay together "
                    + "and there are only \(groups.count) keys")
        }
        return RowSplit(train: train, test: test.sorted())
    }

    /// How many of `count` rows a share stands for: the nearest number, at least 1.
    static func rows(for fraction: Double, of count: Int) -> Int {
        max(1, Int((fraction * Double(count)).rounded()))
    }
}
