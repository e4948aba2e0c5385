import Foundation
import GRDB
import HoneCore
import OrderedCollections

/// Completions of one row in one step, with all that scoring them again needs.
public struct StoredGroup: Sendable {
    public var step: Int
    public var row: DatasetRow
    /// The prompt as the model saw it.
    public var prompt: String
    /// In the order in which they were drawn.
    public var completions: [CompletionRecord]

    /// What a reward function is asked.
    public var request: GradingRequest {
        GradingRequest(
            row: row, prompt: prompt, completions: completions.map(\.completion),
            tokenCounts: completions.map(\.tokens), step: step)
    }
}

extension Store {
    /// Every group of training completions in the steps asked for, in their order: what scoring a run
    /// again under other reward functions goes through. One step is in memory at a time.
    /// - Parameters:
    ///   - run: the run.
    ///   - steps: which steps; nil for all.
    ///   - body: called with each group.
    public func forEachGroup(
        of run: StoredRun, steps: ClosedRange<Int>? = nil, _ body: (StoredGroup) throws -> Void
    ) throws {
        let numbers = try read { db in
            try Int.fetchAll(
                db,
                sql: """
                    SELECT step FROM step WHERE run_id = ? AND phase = 0 AND step BETWEEN ? AND ?
                    ORDER BY step
                    """,
                arguments: [run.id, steps?.lowerBound ?? 0, steps?.upperBound ?? .max])
        }
        for step in numbers {
            for group in try groups(of: run, step: step) { try body(group) }
        }
    }

    /// The latest groups of `run`, the oldest of them first: whole groups of at least `count` completions
    /// together, or all there are.
    public func latestGroups(
        of run: StoredRun, completions count: Int
    ) throws(StoreError) -> [StoredGroup] {
        let steps = try read { db in
            try Int.fetchAll(
                db,
                sql: """
                    SELECT step FROM step
                    WHERE run_id = ? AND phase = 0 AND completions > 0 ORDER BY step DESC
                    """, arguments: [run.id])
        }
        var (groups, held) = ([StoredGroup](), 0)
        for step in steps {
            guard held < count else { break }
            for group in try self.groups(of: run, step: step).reversed() where held < count {
                groups.append(group)
                held += group.completions.count
            }
        }
        return groups.reversed()
    }

    /// The groups of one training step.
    public func groups(of run: StoredRun, step: Int) throws(StoreError) -> [StoredGroup] {
        var query = CompletionQuery()
        query.firstStep = step
        query.lastStep = step
        query.limit = .max
        let records = try completions(of: run, query)
        let sources = try read { db in
            var reader = ChunkReader(db, path: home.database.path)
            let identifiers = try Int64.fetchAll(
                db,
                sql: """
                    SELECT prompt_id FROM completion
                    WHERE run_id = ? AND phase = 0 AND step = ? ORDER BY ordinal
                    """, arguments: [run.id, step])
            return try identifiers.map { try reader.prompt($0).document }
        }
        var groups: [StoredGroup] = []
        for (record, source) in zip(records, sources) {
            if let last = groups.last, last.row.index == record.row, last.prompt == record.prompt {
                groups[groups.count - 1].completions.append(record)
            } else {
                let row = DatasetRow(
                    index: record.row, prompt: Self.prompt(of: source),
                    columns: source["columns"]?.objectValue ?? [:])
                groups.append(
                    StoredGroup(
                        step: step, row: row, prompt: record.prompt, completions: [record]))
            }
        }
        return groups
    }

    private static func prompt(of source: JSONObject) -> DatasetRow.Prompt {
        guard let messages = source["messages"]?.arrayValue else {
            return .text(source["prompt"]?.stringValue ?? "")
        }
        return .messages(messages.compactMap(\.objectValue).map(ChatMessage.init(json:)))
    }
}
