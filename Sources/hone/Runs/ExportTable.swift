import ArgumentParser
import HoneCore
import HoneStore
import OrderedCollections

/// What of a run is exported: rows of one kind, without lists or objects in them, so that every format
/// can hold them.
enum ExportTable: String, ExpressibleByArgument, CaseIterable {
    /// Every completion: `phase`, `step`, `ordinal`, `row`, `prompt`, `completion`, `tokens`,
    /// `finish_reason`, `policy_version`, `reward`, `advantage`, and for each reward function NAME
    /// `rewards/NAME`, `versions/NAME`, `failures/NAME`.
    case completions
    /// Every step and evaluation: `phase`, `step`, `time`, and a column for each metric.
    case metrics
    /// What happened beside steps: `event`, `step`, `time`, `detail`.
    case events
    /// The reward functions' log.
    case logs

    /// Hands the rows to `body`, one after the other.
    /// - Parameters:
    ///   - query: which completions; of its phase are the metrics too.
    func forEachRow(
        of run: StoredRun, in store: Store, _ query: CompletionQuery,
        _ body: (JSONObject) throws -> Void
    ) throws {
        switch self {
        case .completions:
            try store.forEachCompletion(of: run, query) { try body($0.flat) }
        case .metrics:
            for step in try store.metrics(of: run, query.phase) {
                var row: JSONObject = ["phase": .string(query.phase.name)]
                let members = step.json
                row["step"] = members["step"]
                row["time"] = members["time"]
                for (name, value) in members["metrics"]?.objectValue ?? [:] { row[name] = value }
                try body(row)
            }
        case .events:
            for event in try store.events(of: run) {
                var row = event.json
                for key in event.body.keys { row[key] = nil }
                row["detail"] = .string(JSONValue.object(event.body).text())
                try body(row)
            }
        case .logs:
            var log = RewardLogQuery()
            (log.firstStep, log.lastStep) = (query.firstStep, query.lastStep)
            log.limit = .max
            for call in try store.rewardLog(of: run, log) { try body(call.json) }
        }
    }
}

extension CompletionRecord {
    /// The record without objects in it.
    fileprivate var flat: JSONObject {
        var row = json
        row["cursor"] = nil
        for key in ["versions", "failures"] {
            for (name, value) in row[key]?.objectValue ?? [:] { row["\(key)/\(name)"] = value }
            row[key] = nil
        }
        return row
    }
}
