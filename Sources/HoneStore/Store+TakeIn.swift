import Foundation
import GRDB
import HoneCore
import OrderedCollections

extension Store {
    /// Fills in rows of run `id` from the JSON lines in its folder, in one transaction.
    ///
    /// The folder does not hold the columns of the dataset's rows or the sources of reward functions, so
    /// a run taken in this way can be shown in full, but not scored again by functions that look at
    /// columns.
    /// - Parameters:
    ///   - folder: the run's folder.
    ///   - id: the run's number.
    ///   - steps: only what happened in these.
    func takeIn(folder: URL, as id: Int64, steps: ClosedRange<Int>) throws(StoreError) {
        try write { db in
            let writer = RunWriter(db: db, run: id)
            guard var events = JSONLinesReader(folder.appending(path: "events.jsonl")) else {
                throw StoreError.badRecord(
                    path: folder.path, line: 0, reason: "this folder holds no events.jsonl")
            }
            var completions = FolderCompletions(folder.appending(path: "completions.jsonl"))
            var changes: [String: RewardChange] = [:]
            if var history = JSONLinesReader(folder.appending(path: "rewards/history.jsonl")) {
                while let line = try history.next() {
                    let change = try RewardChange(json: .object(line))
                    changes[change.id] = change
                }
            }
            while let event = try events.next() {
                let step = event["step"]?.intValue ?? 0
                guard steps.contains(step) else { continue }
                try writer.takeIn(event, step: step, &completions, changes)
            }
            if var log = JSONLinesReader(folder.appending(path: "rewards.jsonl")) {
                while let entry = try log.next() {
                    let row = RewardLogRow(entry)
                    if steps.contains(row.step) { try writer.rewardLog([row]) }
                }
            }
        }
    }
}

extension RunWriter {
    /// Writes an event of `events.jsonl`; the start is told elsewhere.
    fileprivate func takeIn(
        _ event: JSONObject, step: Int, _ completions: inout FolderCompletions,
        _ changes: [String: RewardChange]
    ) throws {
        let kind = event["event"]?.stringValue ?? ""
        let written = event["time"]?.stringValue
        let time = written.flatMap { try? Date($0, strategy: .iso8601) } ?? Date()
        switch kind {
        case "started": break
        case "step":
            try self.step(
                step, phase: .training, at: time, metrics: Self.metrics(event["metrics"]),
                completions: try completions.drafts(of: step))
        case "evaluated":
            let samples = (event["samples"]?.arrayValue ?? []).compactMap(\.objectValue)
            try self.step(
                step, phase: .evaluation, at: time, metrics: Self.metrics(event["metrics"]),
                completions: samples.map(FolderCompletions.draft))
        case "rewardsChanged":
            let id = event["id"]?.stringValue ?? ""
            if let change = changes[id] { try rewardsChanged(change, at: time) }
        default:
            let body = event.filter { !["event", "step", "time"].contains($0.key) }
            try self.event(kind, step: step, at: time, body: body)
            if kind == "finished" {
                try ended(.finished, output: event["output"]?.stringValue, at: time)
            } else if kind == "failed" {
                try ended(.failed, message: event["message"]?.stringValue, at: time)
            }
        }
    }

    private static func metrics(_ value: JSONValue?) -> OrderedMetrics {
        (value?.objectValue ?? [:]).map { ($0.key, $0.value.doubleValue ?? .nan) }
    }
}

/// The completions in a run's folder, step by step.
private struct FolderCompletions {
    private var lines: JSONLinesReader?
    /// Read, but of a later step.
    private var waiting: JSONObject?

    init(_ url: URL) { lines = JSONLinesReader(url) }

    /// Those of `step`; those of steps before that nobody asked for are passed over.
    mutating func drafts(of step: Int) throws -> [CompletionDraft] {
        var drafts: [CompletionDraft] = []
        while let row = try waiting ?? lines?.next() {
            let found = row["step"]?.intValue ?? 0
            waiting = found > step ? row : nil
            if found > step { break }
            if found == step { drafts.append(Self.draft(of: row)) }
        }
        return drafts
    }

    /// A line of `completions.jsonl`, or a sample of an evaluation.
    static func draft(of row: JSONObject) -> CompletionDraft {
        var rewards = JSONObject()
        for (key, value) in row where key.hasPrefix("rewards/") {
            rewards[String(key.dropFirst("rewards/".count))] = value
        }
        var failures = row["failures"]?.objectValue ?? [:]
        if failures.isEmpty, let failure = row["failure"]?.stringValue {
            failures["a reward function"] = ["kind": "failed", "message": .string(failure)]
        }
        var document: JSONObject = [
            "completion": row["completion"] ?? "", "rewards": .object(rewards),
        ]
        if !failures.isEmpty { document["failures"] = .object(failures) }
        for key in ["advantage", "finish_reason", "policy_version"] {
            if let value = row[key] { document[key] = value }
        }
        return CompletionDraft(
            row: row["row"]?.intValue ?? 0,
            prompt: CompletionDraft.promptDocument(
                text: row["prompt"]?.stringValue ?? "",
                prompt: .text(row["prompt"]?.stringValue ?? ""), columns: [:]),
            document: Array(JSONValue.object(document).text().utf8),
            tokens: row["tokens"]?.intValue ?? 0, reward: row["reward"]?.doubleValue,
            failure: failures.values.first?["kind"]?.stringValue)
    }
}
