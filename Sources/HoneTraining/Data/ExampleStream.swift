import HoneCore
import Synchronization

/// The examples of each supervised step, as a pure function of dataset, seed and step.
///
/// They are encoded when their step comes; beforehand each is encoded once to learn its length.
public final class ExampleStream: ExampleFeed {
    /// Rows that fit; an epoch visits each once.
    public let rowCount: Int
    public let report: LengthReport
    private let rows: DatasetRows<SupervisedRow>
    private let encoder: SupervisedEncoder
    private let limit: LengthLimit
    /// The rows that are used, as positions in ``rows``, and the tokens of each.
    private let used: [(position: Int, tokens: Int)]
    private let order: DataOrder
    private let batch: SFTConfig.Batch
    /// Where in the endless sequence of rows each step begins, as far as known.
    private let starts = Mutex<[Int]>([0])

    /// Measures all of `rows`.
    /// - Parameters:
    ///   - limit: for prompt and completion together; `truncate` cuts the end.
    ///   - path: names the dataset in errors.
    ///   - batch: How many rows or tokens a step has.
    ///   - encoder: Turns a row into token ids.
    ///   - rows: The rows to learn from.
    ///   - seed: Decides the order.
    ///   - shuffles: `false` keeps the order of the dataset.
    /// - Throws: ``EncodingError``; ``DatasetError`` when rows are too long or none is left.
    public init(
        rows: DatasetRows<SupervisedRow>, encoder: SupervisedEncoder, limit: LengthLimit,
        batch: SFTConfig.Batch, seed: UInt64, shuffles: Bool, path: String
    ) throws {
        var report = LengthReport()
        var refused: [DatasetError.OverlongRow] = []
        var used: [(position: Int, tokens: Int)] = []
        used.reserveCapacity(rows.count)
        for position in 0..<rows.count {
            let row = try rows.row(at: position)
            let example = try encoder.encode(row)
            let count = example.tokens.count
            report.longest = max(report.longest, count)
            if !limit.isExceeded(by: count) {
                used.append((position, count))
            } else if limit.overlong == .refuse {
                refused.append(DatasetError.OverlongRow(index: row.index, tokens: count))
            } else if let cut = Self.fitted(example, limit) {
                report.truncated += 1
                used.append((position, cut.tokens.count))
            } else {
                report.dropped += 1
            }
        }
        try PromptEncoder.check(refused, limit, path)
        guard !used.isEmpty else {
            throw DatasetError.nothingLeft(
                path: path, dropped: rows.count, limit: limit.tokens ?? 0)
        }
        self.rows = rows
        self.encoder = encoder
        self.limit = limit
        self.used = used
        self.report = report
        self.batch = batch
        rowCount = used.count
        var together = 1
        if case .rows(let count) = batch { together = count }
        order = DataOrder(
            size: used.count, seed: seed, shuffles: shuffles, batch: together)
    }

    /// `example` with its end cut to `limit`; `nil` when it is not to be cut, or when its prompt fills
    /// the limit alone, which leaves nothing to learn.
    private static func fitted(_ example: SupervisedExample, _ limit: LengthLimit)
        -> SupervisedExample?
    {
        guard let most = limit.tokens, example.tokens.count > most else { return example }
        guard limit.overlong == .truncate else { return nil }
        var example = example
        example.tokens.removeLast(example.tokens.count - most)
        example.isTrained.removeLast(example.isTrained.count - most)
        return example.isTrained.contains(true) ? example : nil
    }

    public func examples(step: Int) throws -> [SupervisedExample] {
        try (start(ofStep: step)..<start(ofStep: step + 1)).map { place in
            let row = try rows.row(at: used[order.row(at: place)].position)
            guard let example = Self.fitted(try encoder.encode(row), limit) else {
                throw DatasetError.beyondTheRun(step: step)
            }
            return example
        }
    }

    public func epoch(step: Int) -> Double {
        Double(start(ofStep: step)) / Double(rowCount)
    }

    /// Steps that `extent` makes: the steps given, or those until every epoch is complete.
    public func steps(_ extent: PromptStream.Extent) -> Int {
        switch extent {
        case .steps(let count): return count
        case .epochs(let epochs):
            if case .rows(let count) = batch {
                return TrainingLength.steps(epochs: epochs, rows: rowCount, rowsPerStep: count)
            }
            let end = Int((epochs * Double(rowCount)).rounded(.up))
            var step = 1
            while start(ofStep: step + 1) < end { step += 1 }
            return step
        }
    }

    /// Position in the endless sequence at which `step` (from 1) begins.
    private func start(ofStep step: Int) -> Int {
        switch batch {
        case .rows(let count): return (step - 1) * count
        case .tokens(let budget):
            return starts.withLock { starts in
                while starts.count < step {
                    starts.append(end(from: starts[starts.count - 1], budget: budget))
                }
                return starts[step - 1]
            }
        }
    }

    /// Position after the rows from `start` on that together have at most `budget` tokens, and at
    /// least one row.
    private func end(from start: Int, budget: Int) -> Int {
        var position = start
        var tokens = 0
        while true {
            tokens += used[order.row(at: position)].tokens
            if tokens > budget, position > start { return position }
            position += 1
        }
    }
}
