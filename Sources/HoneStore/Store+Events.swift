import Foundation
import GRDB
import HoneCore
import OrderedCollections

/// Something recorded of a run beside its steps.
public struct StoredEvent: Sendable, Hashable {
    /// `started`, `checkpointed`, `warning`, `finished`, `failed`, ….
    public var kind: String
    public var step: Int
    public var at: Date
    public var body: JSONObject
}

/// Which lines of a reward log.
public struct RewardLogQuery: Sendable, Hashable {
    public var firstStep: Int?
    public var lastStep: Int?
    /// Only of this function.
    public var function: String?
    /// Only calls that failed.
    public var failuresOnly = false
    /// The latest so many, from 1.
    public var limit = 200

    public init() {}
}

extension Store {
    /// The events of `run`, the oldest first.
    public func events(of run: StoredRun) throws(StoreError) -> [StoredEvent] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM event WHERE run_id = ? ORDER BY id", arguments: [run.id]
            ).map { row in
                StoredEvent(
                    kind: row["kind"], step: row["step"],
                    at: Date(timeIntervalSince1970: row["at"]),
                    body: try JSONValue(parsing: row["body"] as String).objectValue ?? [:])
            }
        }
    }

    /// The latest lines of the reward log that `query` admits, the oldest of them first.
    public func rewardLog(
        of run: StoredRun, _ query: RewardLogQuery
    ) throws(StoreError) -> [RewardLogRow] {
        var conditions = ["run_id = ?"]
        var arguments: StatementArguments = [run.id]
        if let first = query.firstStep {
            conditions.append("step >= ?")
            arguments += [first]
        }
        if let last = query.lastStep {
            conditions.append("step <= ?")
            arguments += [last]
        }
        if let function = query.function {
            conditions.append("function = ?")
            arguments += [function]
        }
        if query.failuresOnly { conditions.append("failed") }
        arguments += [query.limit]
        let sql = """
            SELECT entry FROM reward_log WHERE \(conditions.joined(separator: " AND "))
            ORDER BY step DESC, id DESC LIMIT ?
            """
        return try read { db in
            try String.fetchAll(db, sql: sql, arguments: arguments).reversed().map {
                RewardLogRow(try JSONValue(parsing: $0).objectValue ?? [:])
            }
        }
    }
}
