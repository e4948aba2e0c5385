import Foundation
import HoneCore
import OrderedCollections

/// An event as the JSON row that `hone train --json` prints and `events.jsonl` keeps.
public enum EventRow {
    /// `{"event": …, "step": …, "time": …, …}` per `event`; completions are left out, see
    /// ``completions(of:)``.
    public static func json(of event: RunEvent, at time: Date = Date()) -> JSONValue {
        var row: JSONObject = [
            "event": .string(name(of: event)), "step": .int(event.step),
            "time": .string(time.formatted(.iso8601)),
        ]
        switch event {
        case .started(let run):
            row["name"] = .string(run.name)
            row["method"] = .string(run.method)
            row["model"] = .string(run.model)
            row["output"] = .string(run.output)
            row["total_steps"] = .int(run.totalSteps)
            row["facts"] = .object(
                JSONObject(run.facts.map { ($0.name, .string($0.value)) }) { _, last in last })
        case .step(let record): row["metrics"] = json(of: record.metrics)
        case .evaluated(_, let metrics, let samples):
            row["metrics"] = json(of: metrics)
            row["samples"] = .array(samples.map(json(of:)))
        case .checkpointed(_, let path): row["path"] = .string(path)
        case .warning(_, let message), .failed(_, let message): row["message"] = .string(message)
        case .rewardsChanged(let change):
            row["reason"] = .string(change.reason.rawValue)
            row["id"] = .string(change.id)
            row["in_force"] = .array(change.names.map(JSONValue.string))
            row["digests"] = .object(
                JSONObject(change.inForce.map { ($0.name, .string($0.digest)) }) { _, last in last }
            )
        case .finished(_, let output, let metrics):
            row["output"] = .string(output)
            row["metrics"] = json(of: metrics)
        }
        return .object(row)
    }

    /// One row per completion of a training step: what `completions.jsonl` keeps.
    public static func completions(of record: StepRecord) -> [JSONValue] {
        record.completions.map { graded in
            let rollout = graded.rollout
            var row: JSONObject = [
                "step": .int(record.step), "row": .int(rollout.row.index),
                "prompt": .string(rollout.promptText), "completion": .string(rollout.text),
                "tokens": .int(rollout.completion.tokens.count),
                "finish_reason": .string(rollout.completion.finishReason.rawValue),
            ]
            for (key, value) in json(of: graded.verdict) { row[key] = value }
            row["advantage"] = graded.advantage.map { .double(Double($0)) } ?? .null
            return .object(row)
        }
    }

    private static func json(of metrics: OrderedMetrics) -> JSONValue {
        .object(JSONObject(metrics.map { ($0.name, .double($0.value)) }) { _, last in last })
    }

    private static func json(of sample: EvaluationSample) -> JSONValue {
        var row: JSONObject = [
            "row": .int(sample.row.index), "prompt": .string(sample.prompt),
            "completion": .string(sample.completion),
        ]
        for (key, value) in json(of: sample.verdict) { row[key] = value }
        return .object(row)
    }

    private static func json(of verdict: Verdict) -> JSONObject {
        var row: JSONObject = ["reward": verdict.reward.map { .double($0.total) } ?? .null]
        for component in verdict.components {
            row["rewards/\(component.name)"] = component.score.map { .double($0) } ?? .null
        }
        if let failure = verdict.failure { row["failure"] = .string("\(failure)") }
        return row
    }

    private static func name(of event: RunEvent) -> String {
        switch event {
        case .started: "started"
        case .step: "step"
        case .evaluated: "evaluated"
        case .checkpointed: "checkpointed"
        case .warning: "warning"
        case .rewardsChanged: "rewardsChanged"
        case .finished: "finished"
        case .failed: "failed"
        }
    }
}

extension RunEvent {
    /// The step at which this happened; for a start, the step it continues from.
    public var step: Int {
        switch self {
        case .started(let run): run.resumedFrom
        case .step(let record): record.step
        case .rewardsChanged(let change): change.firstStep
        case .evaluated(let step, _, _), .checkpointed(let step, _), .warning(let step, _),
            .finished(let step, _, _), .failed(let step, _):
            step
        }
    }
}
