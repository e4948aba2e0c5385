import HoneCore
import Synchronization

/// The examples of each supervised step, as a pure function of dataset, seed and step.
public final class ExampleStream: ExampleFeed {
    /// Rows that fit; an epoch visits each once.
    public let rowCount: Int
    public let report: LengthReport
    private let examples: [SupervisedExample]
    private let order: DataOrder
    private let batch: SFTConfig.Batch
    /// Where in the endless sequence of rows each step begins, as far as known.
    private let starts = Mutex<[Int]>([0])

    /// Encodes all of `rows`.
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
        rows: [SupervisedRow], encoder: SupervisedEncoder, limit: LengthLimit,
        batch: SFTConfig.Batch, seed: UInt64, shuffles: Bool, path: String
    ) throws {
        var report = LengthReport()
        var refused: [DatasetError.OverlongRow] = []
        var examples: [SupervisedExample] = []
        examples.reserveCapacity(rows.count)
        for row in rows {
            var example = try encoder.encode(row)
            let count = example.tokens.count
            report.longest = max(report.longest, count)
            if let most = limit.tokens, count > most {
                switch limit.overlong {
                case .refuse:
                    refused.append(DatasetError.OverlongRow(index: row.index, tokens: count))
                    continue
                case .truncate:
                    example.tokens.removeLast(count - most)
                    example.isTrained.removeLast(count - most)
                case .drop: break
                }
                // A prompt that fills the limit alone leaves nothing to learn.
                guard limit.overlong == .truncate, example.isTrained.contains(true) else {
                    report.dropped += 1
                    continue
                }
                report.truncated += 1
            }
            examples.append(example)
        }
        try PromptEncoder.check(refused, limit, path)
        guard !examples.isEmpty else {
            throw DatasetError.nothingLeft(
                path: path, dropped: rows.count, limit: limit.tokens ?? 0)
        }
        self.examples = examples
        self.report = report
        self.batch = batch
        rowCount = examples.count
        var together = 1
        if case .rows(let count) = batch { together = count }
        order = DataOrder(
            size: examples.count, seed: seed, shuffles: shuffles, batch: together)
    }

    public func examples(step: Int) throws -> [SupervisedExample] {
        (start(ofStep: step)..<start(ofStep: step + 1)).map { examples[order.row(at: $0)] }
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
            tokens += examples[order.row(at: position)].tokens.count
            if tokens > budget, position > start { return position }
            position += 1
        }
    }
}
