import Foundation
import GRDB
import HoneCore

/// What became of a change of rewards that was asked for, with the report of its trial.
public struct RewardTrialRecord: Sendable, Hashable {
    public var answer: RewardAnswer
    /// The latest step that the run had made when it was answered.
    public var step: Int
    /// When it was answered last.
    public var at: Date
}

extension Store {
    /// Every change of rewards that was asked for in `run`, in the order in which they were.
    public func rewardTrials(of run: StoredRun) throws(StoreError) -> [RewardTrialRecord] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT step, at, answer FROM reward_trial WHERE run_id = ? ORDER BY id",
                arguments: [run.id]
            ).map { row in
                let text: String = row["answer"]
                do {
                    return RewardTrialRecord(
                        answer: try JSONDecoder().decode(RewardAnswer.self, from: Data(text.utf8)),
                        step: row["step"], at: Date(timeIntervalSince1970: row["at"]))
                } catch {
                    throw StoreError.corrupted(
                        path: home.database.path, reason: "the report of a trial: \(error)")
                }
            }
        }
    }

    /// Records an answer that was given while no process trained `run`.
    public func record(_ answer: RewardAnswer, of run: StoredRun) throws(StoreError) {
        try write {
            try RunWriter(db: $0, run: run.id).answered(answer, step: run.step, at: Date())
        }
    }

    /// The functions that score the evaluations of `run` alone; none where what scores the run scores
    /// them too.
    public func evaluationRewards(
        of run: StoredRun
    ) throws(StoreError) -> [RewardVersion.Content] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM evaluation_reward WHERE run_id = ? ORDER BY function",
                arguments: [run.id]
            ).map { row in
                RewardVersion.Content(
                    function: row["function"], declaration: row["declaration"],
                    source: row["source"])
            }
        }
    }
}

extension RunWriter {
    /// What became of a proposal; a later answer takes the place of the former.
    func answered(_ answer: RewardAnswer, step: Int, at time: Date) throws {
        let former = try String.fetchOne(
            db, sql: "SELECT answer FROM reward_trial WHERE run_id = ? AND id = ?",
            arguments: [run, answer.id])
        let answer = answer.keeping(
            try former.map { try JSONDecoder().decode(RewardAnswer.self, from: Data($0.utf8)) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try db.execute(
            sql: "INSERT OR REPLACE INTO reward_trial VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                run, answer.id, step, time.timeIntervalSince1970, answer.state.rawValue,
                answer.firstStep, String(decoding: try encoder.encode(answer), as: UTF8.self),
            ])
    }

    /// The functions that score evaluations alone. Those that are known stay as they are.
    func evaluationRewards(_ contents: [RewardVersion.Content]) throws {
        for content in contents {
            try db.execute(
                sql: "INSERT OR IGNORE INTO evaluation_reward VALUES (?, ?, ?, ?)",
                arguments: [run, content.function, content.declaration, content.source])
        }
    }
}
