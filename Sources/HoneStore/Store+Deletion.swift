import Foundation
import GRDB

extension Store {
    /// Removes every row of `run`. Its folder is left alone.
    ///
    /// Done in parts, so that another program's step does not wait for a million rows; a process killed
    /// between them leaves a run with less, which can be deleted again.
    /// - Throws: ``StoreError/running(name:)`` when a living process writes to it.
    public func delete(_ run: StoredRun) throws(StoreError) {
        guard run.state != .running else { throw .running(name: run.name) }
        var last = run.step
        while last >= 0 {
            let bound = last - Self.stepsAtOnce
            try write { db in try RunWriter(db: db, run: run.id).cut(after: max(bound, -1)) }
            last = bound
        }
        try write { db in
            try RunWriter(db: db, run: run.id).forget()
        }
        do {
            // Gives the room back to the disk.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA incremental_vacuum")
                _ = try db.checkpoint(.passive)
            }
        } catch {
            throw StoreError(error, path: home.database.path)
        }
    }

    private static let stepsAtOnce = 200
}

extension RunWriter {
    /// Removes the run with all that is recorded of it.
    func forget() throws {
        try cut(after: -1)
        // What outlives a cut after some step.
        for table in ["reward_version", "reward_change", "reward_trial", "evaluation_reward"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE run_id = ?", arguments: [run])
        }
        try db.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [run])
    }
}
