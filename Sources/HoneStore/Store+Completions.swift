import Foundation
import GRDB
import HoneCore
import OrderedCollections

extension Store {
    /// A page of the completions of `run`.
    public func completions(
        of run: StoredRun, _ query: CompletionQuery
    ) throws(StoreError) -> [CompletionRecord] {
        let versions = try versionTimeline(of: run, query.phase)
        return try read { db in
            guard let plan = try Self.plan(query, run: run.id, db) else { return [] }
            var reader = ChunkReader(db, path: home.database.path)
            let keys = try Row.fetchAll(db, sql: plan.sql, arguments: plan.arguments)
            return try keys.map { key in
                try Self.record(key, query.phase, run.id, versions, db, &reader)
            }
        }
    }

    /// Every completion of `run` that `query` admits, from its first page to its last, without holding
    /// more than a page in memory. What is written meanwhile may be seen.
    public func forEachCompletion(
        of run: StoredRun, _ query: CompletionQuery, _ body: (CompletionRecord) throws -> Void
    ) throws {
        var query = query
        query.limit = 2000
        while true {
            let page = try completions(of: run, query)
            for record in page { try body(record) }
            guard page.count == query.limit, let last = page.last else { return }
            query.after = last.cursor
        }
    }

    /// How the page is found; nil when no completion can be on it.
    static func plan(
        _ query: CompletionQuery, run: Int64, _ db: Database
    ) throws -> CompletionPlan? {
        var prompts: [Int64]?
        if let row = query.row {
            let found = try Int64.fetchAll(
                db, sql: "SELECT id FROM prompt WHERE run_id = ? AND row = ?",
                arguments: [run, row])
            if found.isEmpty { return nil }
            prompts = found
        }
        let outline = try StepOutline(query, run: run, db)
        return CompletionPlan(query, run: run, prompts: prompts, outline: outline)
    }

    private static func record(
        _ key: Row, _ phase: Phase, _ run: Int64, _ versions: VersionTimeline, _ db: Database,
        _ reader: inout ChunkReader
    ) throws -> CompletionRecord {
        let (step, ordinal): (Int, Int) = (key["step"], key["ordinal"])
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT prompt_id, chunk_id, member, tokens, reward FROM completion
                    WHERE run_id = ? AND phase = ? AND step = ? AND ordinal = ?
                    """), arguments: [run, phase.rawValue, step, ordinal])
        guard let row else {
            throw StoreError.corrupted(path: "an index", reason: "it names no completion")
        }
        let prompt = try reader.prompt(row["prompt_id"])
        let document = try reader.document(row["chunk_id"], row["member"])
        let failures = document["failures"]?.objectValue ?? [:]
        let scores = document["rewards"]?.objectValue ?? [:]
        var rewards = scores.map { name, score in
            CompletionRecord.Component(
                function: name, version: versions.name(of: name, at: step),
                score: score.doubleValue, failure: failures[name].map(Self.failureText))
        }
        for (name, failure) in failures where scores[name] == nil {
            rewards.append(
                CompletionRecord.Component(
                    function: name, version: versions.name(of: name, at: step), score: nil,
                    failure: Self.failureText(failure)))
        }
        return CompletionRecord(
            phase: phase, step: step, ordinal: ordinal, row: prompt.row,
            prompt: prompt.document["prompt"]?.stringValue ?? "",
            completion: document["completion"]?.stringValue ?? "", tokens: row["tokens"],
            reward: row["reward"], rewards: rewards,
            advantage: document["advantage"]?.doubleValue,
            finishReason: document["finish_reason"]?.stringValue,
            policyVersion: document["policy_version"]?.intValue,
            cursor: CompletionCursor(value: key["value"], step: step, ordinal: ordinal))
    }

    private static func failureText(_ failure: JSONValue) -> String {
        "\(failure["kind"]?.stringValue ?? "failed"): \(failure["message"]?.stringValue ?? "")"
    }
}

/// Which version of a function scored a step.
struct VersionTimeline {
    /// By function, in the order of their first steps.
    private let spans: [String: [(firstStep: Int, version: Int)]]

    init(_ spans: [String: [(firstStep: Int, version: Int)]]) { self.spans = spans }

    func name(of function: String, at step: Int) -> String? {
        guard let known = spans[function] else { return nil }
        // An evaluation before the first step is scored by what the first step is scored by.
        return (known.last { $0.firstStep <= step } ?? known.first)
            .map { "\(function)_v\($0.version)" }
    }
}

extension Store {
    /// Which version of each function scored which steps of `run`; no versions where functions of their
    /// own, which never change, score evaluations.
    func versionTimeline(
        of run: StoredRun, _ phase: Phase
    ) throws(StoreError) -> VersionTimeline {
        try read { db in
            let hasOwn = try Bool.fetchOne(
                db, sql: "SELECT 1 FROM evaluation_reward WHERE run_id = ?", arguments: [run.id])
            if phase == .evaluation, hasOwn != nil { return VersionTimeline([:]) }
            // A version that comes back is a change, not a version.
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT function, first_step, version FROM reward_version WHERE run_id = ?1
                    UNION SELECT function, first_step, version FROM reward_change WHERE run_id = ?1
                    ORDER BY first_step
                    """, arguments: [run.id])
            var spans: [String: [(firstStep: Int, version: Int)]] = [:]
            for row in rows {
                spans[row["function"], default: []].append((row["first_step"], row["version"]))
            }
            return VersionTimeline(spans)
        }
    }
}
