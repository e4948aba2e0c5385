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
}

extension Store {
    /// The groups of one training step, in their order.
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
