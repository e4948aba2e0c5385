import Foundation
import GRDB
import HoneCore
import OrderedCollections

extension Store {
    /// Begins a run: a new row, or, for one that is resumed, its former row with everything after the
    /// step that it goes on from cut away.
    /// - Parameters:
    ///   - run: what is known before it starts.
    ///   - description: what the run tells at its start; nil where it ends before it could. Then nothing
    ///     is cut away.
    ///   - time: of the beginning.
    /// - Returns: the run's number, and the steps before that the store does not hold.
    func begin(
        _ run: RunRegistration, description: RunDescription?, at time: Date = Date()
    ) throws(StoreError) -> (id: Int64, missing: ClosedRange<Int>?) {
        let resumedFrom = description?.resumedFrom ?? 0
        return try write { db in
            if run.beginning == .resumed,
                let former = try Row.fetchOne(
                    db, sql: "SELECT id, step FROM run WHERE folder = ? ORDER BY id DESC LIMIT 1",
                    arguments: [run.folder])
            {
                let id: Int64 = former["id"]
                let held: Int = former["step"]
                if description != nil { try RunWriter(db: db, run: id).cut(after: resumedFrom) }
                try RunWriter(db: db, run: id).started(run, description, at: time)
                return (id, held < resumedFrom ? held + 1...resumedFrom : nil)
            }
            try db.execute(
                sql: """
                    INSERT INTO run (name, title, method, model, folder, state, total_steps, step,
                      started_at, updated_at, facts, recipe)
                    VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, '{}', '')
                    """,
                arguments: [
                    try Self.freeName(like: run.title, db), run.title, run.method, run.model,
                    run.folder, StoredRun.State.running.rawValue, time.timeIntervalSince1970,
                    time.timeIntervalSince1970,
                ])
            let id = db.lastInsertedRowID
            try RunWriter(db: db, run: id).started(run, description, at: time)
            return (id, resumedFrom > 0 ? 0...resumedFrom : nil)
        }
    }

    /// `title`, or with the first number that no other run has: `title-2`.
    private static func freeName(like title: String, _ db: Database) throws -> String {
        // A blank in a name would have to be quoted in every command.
        let base = title.split(whereSeparator: \.isWhitespace).joined(separator: "-")
        let stem = base.isEmpty ? "run" : base
        var (name, number) = (stem, 1)
        while try Bool.fetchOne(db, sql: "SELECT 1 FROM run WHERE name = ?", arguments: [name])
            != nil
        {
            number += 1
            name = "\(stem)-\(number)"
        }
        return name
    }
}

extension RunWriter {
    /// The run begins or goes on, written by this process.
    func started(
        _ registration: RunRegistration, _ description: RunDescription?, at time: Date
    ) throws {
        let facts = JSONObject(
            (description?.facts ?? []).map { ($0.name, .string($0.value)) },
            uniquingKeysWith: { _, last in last })
        try db.execute(
            sql: """
                UPDATE run SET state = ?, process = ?, total_steps = coalesce(?, total_steps),
                  message = NULL, output = NULL, facts = coalesce(?, facts), recipe = ?,
                  updated_at = ? WHERE id = ?
                """,
            arguments: [
                StoredRun.State.running.rawValue, ProcessMark.current.text,
                description?.totalSteps, description.map { _ in JSONValue.object(facts).text() },
                registration.recipe, time.timeIntervalSince1970, run,
            ])
        guard let step = description?.resumedFrom else { return }
        try event("started", step: step, at: time, body: ["facts": .object(facts)])
        try rewards(registration.rewards, from: step + 1, at: time)
        try evaluationRewards(registration.evaluationRewards)
    }

    /// The run has ended.
    func ended(
        _ state: StoredRun.State, message: String? = nil, output: String? = nil, at time: Date
    ) throws {
        try db.execute(
            sql: """
                UPDATE run SET state = ?, process = NULL, message = ?, output = ?, updated_at = ?
                WHERE id = ?
                """,
            arguments: [state.rawValue, message, output, time.timeIntervalSince1970, run])
    }

    /// Forgets everything that happened after `step`.
    func cut(after step: Int) throws {
        let key: StatementArguments = [run, step]
        try db.execute(
            sql: """
                DELETE FROM prompt WHERE chunk_id IN (
                  SELECT id FROM chunk WHERE run_id = ? AND step > ?)
                """, arguments: key)
        for table in ["chunk", "reward_log", "event"] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE run_id = ? AND step > ?", arguments: key)
        }
        for table in ["reward_version", "reward_change"] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE run_id = ? AND first_step > ?",
                arguments: [run, step + 1])
        }
        for table in ["completion", "metric", "step"] {
            for phase in Phase.allCases {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE run_id = ? AND phase = ? AND step > ?",
                    arguments: [run, phase.rawValue, step])
            }
        }
        try db.execute(
            sql: "UPDATE run SET step = min(step, ?) WHERE id = ?", arguments: [step, run])
    }
}
