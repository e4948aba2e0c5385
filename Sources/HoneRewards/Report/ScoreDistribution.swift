import HoneCore

/// A set of scores and how they are spread.
public struct ScoreDistribution: Sendable {
    private var scores: [Double] = []

    public init() {}

    public mutating func add(_ score: Double) { scores.append(score) }

    public var count: Int { scores.count }

    /// Mean and standard deviation; `nil` without scores.
    public var spread: Spread? { scores.isEmpty ? nil : Spread(of: scores) }

    /// For each fraction, the smallest score that at least that share of the scores do not exceed; `nil`
    /// without scores.
    /// - Parameter fractions: each in [0, 1].
    public func quantiles(_ fractions: [Double]) -> [Double]? {
        guard !scores.isEmpty else { return nil }
        let sorted = scores.sorted()
        return fractions.map { fraction in
            let rank = Int((fraction * Double(count)).rounded(.up)) - 1
            return sorted[min(max(rank, 0), count - 1)]
        }
    }

    /// One bar of a histogram.
    public struct Bin: Sendable, Hashable {
        public var lower: Double
        /// Equal to ``lower`` where each distinct score has a bin of its own.
        public var upper: Double
        public var count: Int

        public init(lower: Double, upper: Double, count: Int) {
            self.lower = lower
            self.upper = upper
            self.count = count
        }
    }

    /// A bin for each distinct score if there are at most `limit`, else `limit` bins of equal width,
    /// closed at the lower side and the last at both.
    public func histogram(limit: Int = 10) -> [Bin] {
        var distinct: [Double: Int] = [:]
        for score in scores {
            distinct[score, default: 0] += 1
            if distinct.count > limit { return equalBins(limit) }
        }
        return distinct.sorted { $0.key < $1.key }.map { Bin(lower: $0, upper: $0, count: $1) }
    }

    private func equalBins(_ count: Int) -> [Bin] {
        guard let low = scores.min(), let high = scores.max() else { return [] }
        // In halves: between −1e308 and 1e308 lies more than a number can say.
        let half = high / 2 - low / 2
        func edge(_ index: Int) -> Double {
            let share = Double(index) / Double(count)
            return low * (1 - share) + high * share
        }
        var bins = (0..<count).map { Bin(lower: edge($0), upper: edge($0 + 1), count: 0) }
        for score in scores {
            let share = (score / 2 - low / 2) / half
            bins[min(Int(share * Double(count)), count - 1)].count += 1
        }
        return bins
    }
}
