/// How many texts have how many tokens.
public struct LengthHistogram: Sendable, Hashable {
    /// Tokens → texts that have so many.
    private var counts: [Int: Int] = [:]
    public private(set) var count = 0

    public init() {}

    public mutating func add(_ length: Int) {
        counts[length, default: 0] += 1
        count += 1
    }

    /// For each fraction in [0, 1] the smallest length that at least that share of the texts do not
    /// exceed; empty without texts.
    public func quantiles(_ fractions: [Double]) -> [Int] {
        guard count > 0 else { return [] }
        let sorted = counts.sorted { $0.key < $1.key }
        return fractions.map { fraction in
            let rank = max(1, Int((fraction * Double(count)).rounded(.up)))
            var passed = 0
            for (length, number) in sorted {
                passed += number
                if passed >= rank { return length }
            }
            return sorted[sorted.count - 1].key
        }
    }

    /// Texts longer than `limit` tokens.
    public func above(_ limit: Int) -> Int {
        counts.reduce(0) { $0 + ($1.key > limit ? $1.value : 0) }
    }

    /// Texts of `range.lowerBound` to `range.upperBound` tokens.
    public struct Bin: Sendable, Hashable {
        public var range: ClosedRange<Int>
        public var count: Int
    }

    /// At most `limit` bins of equal width from the shortest to the longest text; the width is 1, 2 or 5
    /// times a power of ten.
    public func bins(limit: Int = 12) -> [Bin] {
        guard let low = counts.keys.min(), let high = counts.keys.max() else { return [] }
        var width = 1
        var power = 1
        for step in 1... {
            width = [1, 2, 5][(step - 1) % 3] * power
            if high / width - low / width < limit { break }
            if step % 3 == 0 { power *= 10 }
        }
        var bins = (low / width...high / width).map {
            Bin(range: $0 * width...$0 * width + width - 1, count: 0)
        }
        for (length, number) in counts { bins[length / width - low / width].count += number }
        return bins
    }
}
