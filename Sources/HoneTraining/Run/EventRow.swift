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
        case .evaluated(let record):
            row["metrics"] = json(of: record.metrics)
            row["samples"] = .array(record.samples.map { .object(json(of: $0)) })
        case .checkpointed(_, let path): row["path"] = .string(path)
        case .warning(_, let message), .failed(_, let message): row["message"] = .string(message)
        case .rewardsChanged(let change):
            row["reason"] = .string(change.reason.rawValue)
            row["id"] = .string(change.id)
            row["in_force"] = .array(change.names.map(JSONValue.string))
            row["digests"] = .object(
                JSONObject(change.inForce.map { ($0.name, .string($0.digest)) }) { _, last in last }
            )
        case .rewardsAnswered(_, let answer):
            row["id"] = .string(answer.id)
            row["state"] = .string(answer.state.rawValue)
            row["asked"] = answer.asked.map { .string($0.rawValue) } ?? .null
            row["reason"] = answer.reason.map(JSONValue.string) ?? .null
            row["versions"] = .array(answer.versions.map(JSONValue.string))
            row["first_step"] = answer.firstStep.map(JSONValue.int) ?? .null
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
                "policy_version": .int(rollout.completion.policyVersion),
            ]
            for (key, value) in json(of: graded.verdict) { row[key] = value }
            row["advantage"] = graded.advantage.map { .double(Double($0)) } ?? .null
            return .object(row)
        }
    }

    /// One row per completion of an evaluation: what `evaluations.jsonl` keeps.
    public static func samples(of record: EvaluationRecord) -> [JSONValue] {
        record.completions.map { sample in
            var row: JSONObject = ["step": .int(record.step)]
            for (key, value) in json(of: sample) { row[key] = value }
            return .object(row)
        }
    }

    private static func json(of metrics: OrderedMetrics) -> JSONValue {
        .object(JSONObject(metrics.map { ($0.name, .double($0.value)) }) { _, last in last })
    }

    private static func json(of sample: EvaluationSample) -> JSONObject {
        var row: JSONObject = [
            "row": .int(sample.row.index), "prompt": .string(sample.prompt),
            "completion": .string(sample.completion), "tokens": .int(sample.tokens),
            "finish_reason": .string(sample.finishReason.rawValue),
            "policy_version": .int(sample.policyVersion),
        ]
        for (key, value) in json(of: sample.verdict) { row[key] = value }
        return row
    }

    private static func json(of verdict: Verdict) -> JSONObject {
        var row: JSONObject = ["reward": verdict.reward.map { .double($0.total) } ?? .null]
        for component in verdict.components {
            row["rewards/\(component.name)"] = component.score.map { .double($0) } ?? .null
        }
        if let failure = verdict.failure { row["failure"] = .string("\(failure)") }
        let failures = verdict.failures
        if !failures.isEmpty {
            row["failures"] = .object(
                JSONObject(failures.map { ($0.function, $0.json) }) { first, _ in first })
        }
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
        case .rewardsAnswered: "rewardsAnswered"
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
        case .evaluated(let record): record.step
        case .checkpointed(let step, _), .warning(let step, _), .rewardsAnswered(let step, _),
            .finished(let step, _, _), .failed(let step, _):
            step
        }
    }
}
