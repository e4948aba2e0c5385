import Foundation
import GRDB
import HoneCore
import OrderedCollections

extension Store {
    /// Every run, the latest first.
    public func runs() throws(StoreError) -> [StoredRun] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM run ORDER BY id DESC").map(StoredRun.init)
        }
    }

    /// The run called `name`: its name, an unmistakable beginning of it, its number, or its folder.
    public func run(_ name: String) throws(StoreError) -> StoredRun {
        let runs = try runs()
        if let exact = runs.first(where: { $0.name == name }) { return exact }
        let folder = URL(filePath: name).absoluteURL.standardizedFileURL.path
        if let placed = runs.first(where: { $0.folder == folder }) { return placed }
        let beginning = runs.filter { $0.name.hasPrefix(name) }
        guard let found = beginning.first else {
            throw .noSuchRun(name: name, known: runs.prefix(8).map(\.name))
        }
        guard beginning.count == 1 else {
            throw .ambiguousRun(name: name, candidates: beginning.map(\.name))
        }
        return found
    }

    /// The names of the metrics that `run` has in `phase`, in the order in which they came up.
    public func metricNames(of run: StoredRun, _ phase: Phase) throws(StoreError) -> [String] {
        try read { db in
            // Metrics come and go with reward functions only: the first step, the latest, and the
            // first of each change name all.
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT name FROM metric JOIN metric_name ON id = name_id
                    WHERE run_id = ?1 AND phase = ?2 AND step IN (
                      SELECT min(step) FROM step WHERE run_id = ?1 AND phase = ?2
                      UNION SELECT max(step) FROM step WHERE run_id = ?1 AND phase = ?2
                      UNION SELECT first_step FROM reward_change WHERE run_id = ?1)
                    ORDER BY id
                    """, arguments: [run.id, phase.rawValue])
        }
    }

    /// The curve of one metric, by step. What was not a number is NaN.
    public func curve(
        of metric: String, in run: StoredRun, _ phase: Phase
    ) throws(StoreError) -> [(step: Int, value: Double)] {
        try read { db in
            guard
                let name = try Int64.fetchOne(
                    db, sql: "SELECT id FROM metric_name WHERE name = ?", arguments: [metric])
            else { return [] }
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT metric.step, value FROM step CROSS JOIN metric
                    ON metric.run_id = step.run_id AND metric.phase = step.phase
                      AND metric.step = step.step AND name_id = ?
                    WHERE step.run_id = ? AND step.phase = ? ORDER BY step.step
                    """, arguments: [name, run.id, phase.rawValue]
            ).map { ($0["step"], $0["value"] ?? .nan) }
        }
    }

    /// All metrics of `phase`, step by step.
    public func metrics(
        of run: StoredRun, _ phase: Phase
    ) throws(StoreError) -> [StepMetrics] {
        try read { db in
            let names = try Row.fetchAll(db, sql: "SELECT id, name FROM metric_name")
            let byID = Dictionary(
                uniqueKeysWithValues: names.map { ($0["id"] as Int64, $0["name"] as String) })
            var steps: [StepMetrics] = []
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT step.step, at, name_id, value FROM step LEFT JOIN metric
                    ON metric.run_id = step.run_id AND metric.phase = step.phase
                      AND metric.step = step.step
                    WHERE step.run_id = ? AND step.phase = ? ORDER BY step.step, name_id
                    """, arguments: [run.id, phase.rawValue])
            while let row = try rows.next() {
                let step: Int = row["step"]
                if steps.last?.step != step {
                    steps.append(
                        StepMetrics(
                            step: step, at: Date(timeIntervalSince1970: row["at"]), metrics: []))
                }
                guard let id: Int64 = row["name_id"], let name = byID[id] else { continue }
                steps[steps.count - 1].metrics.append((name, row["value"] ?? .nan))
            }
            return steps
        }
    }

    /// The number of completions recorded, and how many of them had a failed reward.
    public func completionCount(
        of run: StoredRun, _ phase: Phase
    ) throws(StoreError) -> (all: Int, failed: Int) {
        try read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT total(completions) AS n, total(failures) AS f FROM step
                    WHERE run_id = ? AND phase = ?
                    """, arguments: [run.id, phase.rawValue])
            return (Int(row?["n"] as Double? ?? 0), Int(row?["f"] as Double? ?? 0))
        }
    }

    /// The rows of the dataset that `run` was asked in `phase`, in the order of their numbers.
    public func rows(of run: StoredRun, _ phase: Phase) throws(StoreError) -> [Int] {
        try read { db in
            try Int.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT row FROM prompt WHERE run_id = ?1 AND EXISTS (
                      SELECT 1 FROM completion INDEXED BY completion_by_prompt
                      WHERE prompt_id = prompt.id AND phase = ?2)
                    ORDER BY row
                    """, arguments: [run.id, phase.rawValue])
        }
    }

    /// Every version of every reward function of `run`, by function and version.
    public func rewardVersions(of run: StoredRun) throws(StoreError) -> [RewardVersion] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM reward_version WHERE run_id = ? ORDER BY function, version",
                arguments: [run.id]
            ).map { row in
                RewardVersion(
                    content: RewardVersion.Content(
                        function: row["function"], declaration: row["declaration"],
                        source: row["source"]),
                    version: row["version"], firstStep: row["first_step"],
                    at: Date(timeIntervalSince1970: row["at"]))
            }
        }
    }
}

extension StoredRun {
    init(_ row: Row) {
        let process: String? = row["process"]
        var state = State(rawValue: row["state"]) ?? .stopped
        if state == .running, !(process.flatMap(ProcessMark.init)?.isAlive ?? false) {
            state = .stopped
        }
        let facts: String = row["facts"]
        self.init(
            id: row["id"], name: row["name"], title: row["title"], method: row["method"],
            model: row["model"], folder: row["folder"], state: state,
            totalSteps: row["total_steps"], step: row["step"],
            startedAt: Date(timeIntervalSince1970: row["started_at"]),
            updatedAt: Date(timeIntervalSince1970: row["updated_at"]), message: row["message"],
            output: row["output"],
            // Written by this module; what cannot be read is shown as nothing.
            facts: (try? JSONValue(parsing: facts))?.objectValue ?? [:], recipe: row["recipe"])
    }
}
