import Synchronization

/// The order in which training visits rows: an endless sequence, epoch after epoch, in which every
/// epoch holds every row once.
///
/// It is a pure function of (seed, count, batch), so a resumed run continues with the very rows the
/// uninterrupted one would have had, and it does not depend on Swift's own shuffling. A batch that
/// reaches from one epoch into the next holds no row twice.
public final class DataOrder: Sendable {
    /// Rows to visit, as positions in the dataset.
    public let count: Int
    private let seed: UInt64
    private let shuffles: Bool
    /// Rows taken together.
    private let batch: Int
    /// Positions left out.
    private let excluded: Set<Int>
    private let size: Int
    /// The latest epoch computed; epochs follow one from the other.
    private let latest = Mutex<(epoch: Int, rows: [Int])?>(nil)

    /// The order of `size` rows without those in `excluded`.
    /// - Parameters:
    ///   - batch: rows that are taken together and must differ, from 1; at most the rows that are
    ///     left, else a batch repeats rows.
    ///   - shuffles: `false` keeps the dataset's order in every epoch.
    ///   - excluded: Positions left out.
    ///   - seed: Decides the order.
    ///   - size: Rows of the dataset.
    public init(
        size: Int, excluded: Set<Int> = [], seed: UInt64, shuffles: Bool, batch: Int = 1
    ) {
        precondition(size > excluded.count, "an order of no rows")
        self.size = size
        self.excluded = excluded
        self.seed = seed
        self.shuffles = shuffles
        self.batch = batch
        count = size - excluded.count
    }

    /// The row at `position` (from 0) of the endless sequence.
    public func row(at position: Int) -> Int {
        rows(ofEpoch: position / count)[position % count]
    }

    /// The rows of batch `number`, from 0.
    public func rows(ofBatch number: Int) -> [Int] {
        (number * batch..<(number + 1) * batch).map(row(at:))
    }

    /// Every row once, in the order of epoch `epoch`, from 0.
    public func rows(ofEpoch epoch: Int) -> [Int] {
        latest.withLock { latest in
            if let latest, latest.epoch == epoch { return latest.rows }
            var (current, rows) = latest.flatMap { $0.epoch < epoch ? $0 : nil } ?? (0, first())
            while current < epoch {
                current += 1
                rows = following(rows, epoch: current)
            }
            latest = (epoch, rows)
            return rows
        }
    }

    private func first() -> [Int] { permuted(epoch: 0) }

    private func permuted(epoch: Int) -> [Int] {
        var rows =
            shuffles ? Permutation.of(size, seed: seed, stream: epoch) : Array(0..<size)
        if !excluded.isEmpty { rows.removeAll(where: excluded.contains) }
        return rows
    }

    /// The order of `epoch`, given the one before it.
    private func following(_ previous: [Int], epoch: Int) -> [Int] {
        var rows = permuted(epoch: epoch)
        // Rows of the last, unfinished batch of the epoch before, which this epoch completes.
        let begun = (epoch * count) % batch
        guard shuffles, begun > 0, batch <= count else { return rows }
        let taken = Set(previous.suffix(begun))
        let needed = batch - begun
        var free = needed
        for index in 0..<needed where taken.contains(rows[index]) {
            while taken.contains(rows[free]) { free += 1 }
            rows.swapAt(index, free)
            free += 1
        }
        return rows
    }
}

/// Orders drawn from a seed.
enum Permutation {
    /// The numbers 0..<count in an order that `seed` and `stream` decide (Fisher–Yates).
    static func of(_ count: Int, seed: UInt64, stream: Int) -> [Int] {
        var generator = SplitMix(seed: seed, stream: UInt64(bitPattern: Int64(stream)))
        var numbers = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            numbers.swapAt(last, generator.next(below: last + 1))
        }
        return numbers
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the n-th number is a function of the start and n alone.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) {
        state = Self.mixed(seed &+ Self.mixed(stream &+ 0x9E37_79B9_7F4A_7C15))
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A number in 0..<bound, each equally likely (Lemire 2019).
    mutating func next(below bound: Int) -> Int {
        let bound = UInt64(bound)
        while true {
            let product = next().multipliedFullWidth(by: bound)
            // The lowest (2^64 mod bound) products would favour some results.
            if product.low >= bound || product.low >= (0 &- bound) % bound {
                return Int(product.high)
            }
        }
    }

    static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
