import Foundation
import GRDB
import HoneCore
import OrderedCollections

/// Writes rows of one run within a transaction.
struct RunWriter {
    let db: Database
    let run: Int64

    /// One training step or one evaluation with its metrics and completions.
    func step(
        _ step: Int, phase: Phase, at time: Date, metrics: OrderedMetrics,
        completions: [CompletionDraft]
    ) throws {
        // Telling a step again replaces it.
        try erase(phase, step)
        try insert(completions, phase, step)
        try insert(metrics, phase, step)
        let rewards = completions.compactMap(\.reward)
        let tokens = completions.map(\.tokens)
        try db.cachedStatement(
            sql: "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            run, phase.rawValue, step, time.timeIntervalSince1970, completions.count,
            completions.count { $0.failure != nil }, rewards.min(), rewards.max(), tokens.min(),
            tokens.max(),
        ])
        try reached(step, at: time)
    }

    /// The run is alive and at `step`.
    func reached(_ step: Int, at time: Date) throws {
        try db.cachedStatement(
            sql: "UPDATE run SET step = max(step, ?), updated_at = ? WHERE id = ?"
        ).execute(arguments: [step, time.timeIntervalSince1970, run])
    }

    /// Something that is no step: `started`, `evaluated`, `checkpointed`, `warning`, ….
    func event(_ kind: String, step: Int, at time: Date, body: JSONObject) throws {
        try db.cachedStatement(
            sql: "INSERT INTO event (run_id, step, at, kind, body) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [
            run, step, time.timeIntervalSince1970, kind, JSONValue.object(body).text(),
        ])
        try reached(step, at: time)
    }

    /// Lines of the reward log.
    func rewardLog(_ entries: [RewardLogRow]) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO reward_log (run_id, step, function, failed, entry)
                VALUES (?, ?, ?, ?, ?)
                """)
        for entry in entries {
            try statement.execute(arguments: [
                run, entry.step, entry.function, entry.hasFailed,
                JSONValue.object(entry.json).text(),
            ])
        }
    }

    /// The reward functions that a run begins with. Those that it knows already stay as they are: what
    /// changes them while it trains is told by ``rewardsChanged(_:at:)``.
    func rewards(_ contents: [RewardVersion.Content], from step: Int, at time: Date) throws {
        for content in contents {
            let known = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM reward_version WHERE run_id = ? AND function = ?",
                arguments: [run, content.function])
            if known == nil { try insert(content, version: 1, from: step, at: time) }
        }
    }

    /// Other reward functions score from a step on; telling it again replaces it.
    func rewardsChanged(_ change: RewardChange, at time: Date) throws {
        for reward in change.inForce {
            try insert(
                RewardVersion.Content(reward), version: reward.number, from: change.firstStep,
                at: time)
            try db.execute(
                sql: "INSERT OR REPLACE INTO reward_change VALUES (?, ?, ?, ?)",
                arguments: [run, change.firstStep, reward.function, reward.number])
        }
        try event(
            "rewardsChanged", step: change.firstStep, at: time,
            body: [
                "reason": .string(change.reason.rawValue), "id": .string(change.id),
                "in_force": .array(change.names.map(JSONValue.string)),
            ])
    }

    /// A version that is known stays as it is.
    private func insert(
        _ content: RewardVersion.Content, version: Int, from step: Int, at time: Date
    ) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO reward_version VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                run, content.function, version, step, time.timeIntervalSince1970,
                content.declaration, content.source,
            ])
    }

    private func insert(
        _ completions: [CompletionDraft], _ phase: Phase, _ step: Int
    ) throws {
        let prompts = try promptIdentifiers(completions, step)
        let statement = try db.cachedStatement(
            sql: "INSERT INTO completion VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        let documents = completions.map(\.document)
        for range in TextChunk.ranges(documents) {
            let chunk = try insertChunk(documents[range], step)
            for ordinal in range {
                let draft = completions[ordinal]
                try statement.execute(arguments: [
                    run, phase.rawValue, step, ordinal, prompts[ordinal], chunk,
                    ordinal - range.lowerBound, draft.tokens, draft.reward, draft.failure,
                ])
            }
        }
    }

    /// The prompt of each of `completions`; prompts seen for the first time are stored.
    private func promptIdentifiers(_ completions: [CompletionDraft], _ step: Int) throws -> [Int64]
    {
        struct Key: Hashable {
            var row: Int
            var digest: Int64
        }
        let known = try db.cachedStatement(
            sql: "SELECT id FROM prompt WHERE run_id = ? AND row = ? AND digest = ?")
        var identifiers: [Key: Int64] = [:]
        var new: [(key: Key, document: [UInt8])] = []
        var keys: [Key] = []
        // Members of a group share the array, so each prompt is digested once.
        var latest: (document: [UInt8], digest: Int64)?
        for completion in completions {
            if latest?.document != completion.prompt {
                latest = (completion.prompt, Digest.value(of: completion.prompt))
            }
            let key = Key(row: completion.row, digest: latest?.digest ?? 0)
            keys.append(key)
            guard identifiers[key] == nil else { continue }
            if let found = try Int64.fetchOne(known, arguments: [run, key.row, key.digest]) {
                identifiers[key] = found
            } else {
                identifiers[key] = 0
                new.append((key, completion.prompt))
            }
        }
        let documents = new.map(\.document)
        for range in TextChunk.ranges(documents) {
            let chunk = try insertChunk(documents[range], step)
            for index in range {
                let key = new[index].key
                try db.cachedStatement(
                    sql: """
                        INSERT INTO prompt (run_id, row, digest, chunk_id, member)
                        VALUES (?, ?, ?, ?, ?)
                        """
                ).execute(arguments: [
                    run, key.row, key.digest, chunk, index - range.lowerBound,
                ])
                identifiers[key] = db.lastInsertedRowID
            }
        }
        return keys.compactMap { identifiers[$0] }
    }

    private func insertChunk(_ documents: ArraySlice<[UInt8]>, _ step: Int) throws -> Int64 {
        try db.cachedStatement(sql: "INSERT INTO chunk (run_id, step, body) VALUES (?, ?, ?)")
            .execute(arguments: [run, step, Data(TextChunk.pack(documents))])
        return db.lastInsertedRowID
    }

    private func insert(_ metrics: OrderedMetrics, _ phase: Phase, _ step: Int) throws {
        let name = try db.cachedStatement(sql: "SELECT id FROM metric_name WHERE name = ?")
        let insertion = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO metric VALUES (?, ?, ?, ?, ?)")
        for metric in metrics {
            var identifier = try Int64.fetchOne(name, arguments: [metric.name])
            if identifier == nil {
                try db.execute(
                    sql: "INSERT INTO metric_name (name) VALUES (?)", arguments: [metric.name])
                identifier = db.lastInsertedRowID
            }
            // SQLite has no NaN; it stands as NULL.
            try insertion.execute(arguments: [
                run, phase.rawValue, step, identifier,
                metric.value.isNaN ? nil : metric.value,
            ])
        }
    }

    /// Removes what was told of one step of one phase.
    private func erase(_ phase: Phase, _ step: Int) throws {
        let isThere = try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT 1 FROM step WHERE run_id = ? AND phase = ? AND step = ?"),
            arguments: [run, phase.rawValue, step])
        guard isThere != nil else { return }
        let key: StatementArguments = [run, phase.rawValue, step]
        // Chunks of prompts stay: later steps may refer to them.
        try db.execute(
            sql: """
                DELETE FROM chunk WHERE id IN (
                  SELECT chunk_id FROM completion WHERE run_id = ? AND phase = ? AND step = ?)
                """, arguments: key)
        for table in ["completion", "metric", "step"] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE run_id = ? AND phase = ? AND step = ?",
                arguments: key)
        }
    }
}
