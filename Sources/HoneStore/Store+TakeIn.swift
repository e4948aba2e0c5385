import Foundation
import GRDB
import HoneCore
import OrderedCollections

extension Store {
    /// Fills in rows of run `id` from the JSON lines in its folder, in one transaction.
    ///
    /// The columns of rows come from `rows.jsonl`, the sources of reward functions from
    /// `rewards/history.jsonl`. Folders of versions that wrote neither give runs that can be shown in
    /// full, but not scored again by functions that look at columns.
    /// - Parameters:
    ///   - folder: the run's folder.
    ///   - id: the run's number.
    ///   - steps: only what happened in these.
    /// - Returns: the number of completions whose row the folder does not hold.
    @discardableResult
    func takeIn(
        folder: URL, as id: Int64, steps: ClosedRange<Int>
    ) throws(StoreError) -> Int {
        try write { db in
            let writer = RunWriter(db: db, run: id)
            guard var events = JSONLinesReader(folder.appending(path: "events.jsonl")) else {
                throw StoreError.badRecord(
                    path: folder.path, line: 0, reason: "this folder holds no events.jsonl")
            }
            var rows = RowHistory()
            if var lines = JSONLinesReader(folder.appending(path: "rows.jsonl")) {
                while let line = try lines.next() { rows.take(line) }
            }
            var completions = FolderCompletions(
                folder.appending(path: "completions.jsonl"), .training, rows)
            var evaluations = FolderCompletions(
                folder.appending(path: "evaluations.jsonl"), .evaluation, rows)
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
                try writer.takeIn(event, step: step, &completions, &evaluations, changes)
            }
            try writer.takeInAnswers(folder.appending(path: "rewards/answers"))
            if var lines = JSONLinesReader(folder.appending(path: "rewards/evaluation.jsonl")) {
                while let line = try lines.next() {
                    let reward = try VersionedReward(json: .object(line))
                    try writer.evaluationRewards([RewardVersion.Content(reward)])
                }
            }
            if var log = JSONLinesReader(folder.appending(path: "rewards.jsonl")) {
                while let entry = try log.next() {
                    let row = RewardLogRow(entry)
                    if steps.contains(row.step) { try writer.rewardLog([row]) }
                }
            }
            return completions.withoutRow + evaluations.withoutRow
        }
    }
}

extension RunWriter {
    /// Writes an event of `events.jsonl`; the start is told elsewhere.
    fileprivate func takeIn(
        _ event: JSONObject, step: Int, _ completions: inout FolderCompletions,
        _ evaluations: inout FolderCompletions, _ changes: [String: RewardChange]
    ) throws {
        let kind = event["event"]?.stringValue ?? ""
        let written = event["time"]?.stringValue
        let time = written.flatMap { try? Date($0, strategy: .iso8601) } ?? Date()
        switch kind {
        case "started":
            // What the run began with is told by no other event.
            let first = changes.values.first { $0.reason == .start }
            try rewards(
                (first?.inForce ?? []).map(RewardVersion.Content.init), from: 1, at: time)
        // Answers lie beside, whole.
        case "rewardsAnswered": break
        case "step":
            try self.step(
                step, phase: .training, at: time, metrics: Self.metrics(event["metrics"]),
                completions: try completions.drafts(of: step))
        case "evaluated":
            var drafts = try evaluations.drafts(of: step)
            if drafts.isEmpty {
                // An earlier version kept only those that it showed.
                drafts = (event["samples"]?.arrayValue ?? []).compactMap(\.objectValue).map {
                    evaluations.draft(of: $0, step: step)
                }
            }
            try self.step(
                step, phase: .evaluation, at: time, metrics: Self.metrics(event["metrics"]),
                completions: drafts)
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

    /// What became of changes of rewards, each in a file of its own. The time is that of the file.
    fileprivate func takeInAnswers(_ folder: URL) throws {
        let files = FileManager.default
        guard files.fileExists(atPath: folder.path) else { return }
        for name in try files.contentsOfDirectory(atPath: folder.path).sorted()
        where name.hasSuffix(".json") && !name.hasPrefix(".") {
            let file = folder.appending(path: name)
            let answer: RewardAnswer
            do {
                answer = try JSONDecoder().decode(RewardAnswer.self, from: Data(contentsOf: file))
            } catch {
                throw StoreError.badRecord(path: file.path, line: 1, reason: "\(error)")
            }
            let written = try files.attributesOfItem(atPath: file.path)[.modificationDate] as? Date
            try answered(
                answer, step: answer.firstStep ?? answer.trial?.lastStep ?? 0,
                at: written ?? Date())
        }
    }

    private static func metrics(_ value: JSONValue?) -> OrderedMetrics {
        (value?.objectValue ?? [:]).map { ($0.key, $0.value.doubleValue ?? .nan) }
    }
}

/// The completions in a run's folder, step by step.
private struct FolderCompletions {
    private var lines: JSONLinesReader?
    private let phase: RowHistory.Phase
    private let rows: RowHistory
    /// Read, but of a later step.
    private var waiting: JSONObject?
    /// Completions whose row nobody wrote down, so that its columns are not known.
    private(set) var withoutRow = 0

    init(_ url: URL, _ phase: RowHistory.Phase, _ rows: RowHistory) {
        lines = JSONLinesReader(url)
        self.phase = phase
        self.rows = rows
    }

    /// Those of `step`; those of steps before that nobody asked for are passed over.
    mutating func drafts(of step: Int) throws -> [CompletionDraft] {
        var drafts: [CompletionDraft] = []
        while let row = try waiting ?? lines?.next() {
            let found = row["step"]?.intValue ?? 0
            waiting = found > step ? row : nil
            if found > step { break }
            if found == step { drafts.append(draft(of: row, step: step)) }
        }
        return drafts
    }

    /// A line of `completions.jsonl`, or a sample of an evaluation.
    mutating func draft(of row: JSONObject, step: Int) -> CompletionDraft {
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
        let (index, text) = (row["row"]?.intValue ?? 0, row["prompt"]?.stringValue ?? "")
        let asked = rows.row(index, phase, step: step)
        if asked == nil { withoutRow += 1 }
        return CompletionDraft(
            row: index,
            prompt: CompletionDraft.promptDocument(
                text: text, prompt: asked?.prompt ?? .text(text), columns: asked?.columns ?? [:]),
            document: Array(JSONValue.object(document).text().utf8),
            tokens: row["tokens"]?.intValue ?? 0, reward: row["reward"]?.doubleValue,
            failure: failures.values.first?["kind"]?.stringValue)
    }
}
