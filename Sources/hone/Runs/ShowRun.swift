import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// `hone runs show`: one run.
struct ShowRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one run: what it is, its curves, its evaluations, what happened.")

    @OptionGroup var options: RunOptions
    @Flag(help: "Print the resolved recipe, as YAML, and nothing else.") var recipe = false
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let (store, run) = try options.open()
        if recipe {
            StandardOutput.write(line: run.recipe)
        } else if json {
            StandardOutput.write(line: JSONValue.object(try object(store, run)).text())
        } else {
            StandardOutput.write(line: try lines(store, run).joined(separator: "\n"))
        }
    }

    private func object(_ store: Store, _ run: StoredRun) throws -> JSONObject {
        var object = run.summary
        object["recipe"] = .string(run.recipe)
        for phase in Phase.allCases {
            let steps = try store.metrics(of: run, phase)
            let rows = steps.map { step -> JSONValue in
                .object(step.json)
            }
            object[phase == .training ? "steps" : "evaluations"] = .array(rows)
        }
        object["rewards"] = .array(
            try store.rewardVersions(of: run).map { .object($0.json) })
        object["evaluation_rewards"] = .array(
            try store.evaluationRewards(of: run).map { .object($0.json) })
        object["reward_changes"] = .array(
            try store.rewardTrials(of: run).map { trial in
                var members = try AnswerText.json(trial.answer)
                members["step"] = .int(trial.step)
                return .object(members)
            })
        object["events"] = .array(try store.events(of: run).map { .object($0.json) })
        return object
    }

    private func lines(_ store: Store, _ run: StoredRun) throws -> [String] {
        let place =
            run.usualPhase == .training ? ", step \(run.step) of \(run.totalSteps)" : ""
        var lines = [
            "\(run.name): \(run.method) on \(run.model)", "  \(run.state.rawValue)\(place)",
            "  began: \(run.startedAt.formatted(Figure.minute)), latest news: "
                + run.updatedAt.formatted(Figure.minute),
        ]
        if let message = run.message { lines.append("  \(TerminalText.harmless(message))") }
        if !run.folder.isEmpty { lines.append("  folder: \(run.folder)") }
        if let output = run.output { lines.append("  result: \(output)") }
        lines += run.facts.map { "  \($0.key): \($0.value.stringValue ?? "")" }
        for phase in Phase.allCases {
            let names = try store.metricNames(of: run, phase)
            guard !names.isEmpty else { continue }
            let count = try store.completionCount(of: run, phase)
            let failed = count.failed > 0 ? ", \(count.failed) with a failed reward" : ""
            lines += ["", "\(phase.name): \(count.all) completions recorded\(failed)"]
            lines += TextTable.lines(
                of: try names.map { name in
                    let curve = try store.curve(of: name, in: run, phase).map(\.value)
                    return [
                        "  \(name)", Figure.measured(curve.first), "→", Figure.measured(curve.last),
                        curve.count > 1 ? Figure.sparkline(curve, width: 32) : "",
                    ]
                }, [.left, .right, .right, .right, .left])
        }
        let versions = try store.rewardVersions(of: run)
        if !versions.isEmpty {
            lines += ["", "reward functions"]
            lines += versions.map { "  \($0.name) from step \($0.firstStep)" }
        }
        let measured = try store.evaluationRewards(of: run).map(\.function)
        if !measured.isEmpty {
            lines.append(
                "  evaluations: \(measured.joined(separator: ", ")), as the run began")
        }
        let trials = try store.rewardTrials(of: run).map(\.answer)
        if !trials.isEmpty {
            lines += ["", "changes of rewards that were asked for"]
            lines += AnswerText.lines(trials, reports: .inOneLine)
        }
        return lines + Self.lines(of: try store.events(of: run).filter { $0.kind != "started" })
    }

    /// Warnings and changes, one line each; checkpoints, of which there are many, in one.
    private static func lines(of events: [StoredEvent]) -> [String] {
        guard !events.isEmpty else { return [] }
        let checkpoints = events.filter { $0.kind == "checkpointed" }
        var lines = ["", "events (whole: hone runs logs)"]
        if checkpoints.count > 1, let first = checkpoints.first, let last = checkpoints.last {
            lines.append(
                "  \(checkpoints.count) checkpoints, of steps \(first.step) to \(last.step)")
        }
        for event in events where event.kind != "checkpointed" || checkpoints.count == 1 {
            lines.append("  \(event.line.firstLine)")
        }
        return lines
    }
}

extension StepMetrics {
    /// `{"step", "time", "metrics"}`; what was not a number is null.
    var json: JSONObject {
        [
            "step": .int(step), "time": .string(at.formatted(.iso8601)),
            "metrics": .object(
                JSONObject(
                    metrics.map { ($0.name, $0.value.isFinite ? .double($0.value) : .null) },
                    uniquingKeysWith: { _, last in last })),
        ]
    }
}

extension StoredEvent {
    /// The event as a line for a person.
    var line: String {
        if kind == "rewardsChanged" {
            let names = (body["in_force"]?.arrayValue ?? []).compactMap(\.stringValue)
            return "step \(step): rewards from here on: \(names.joined(separator: ", ")) "
                + "(\(body["reason"]?.stringValue ?? ""))"
        }
        let text =
            body["message"]?.stringValue ?? body["path"]?.stringValue
            ?? body["output"]?.stringValue ?? (body.isEmpty ? "" : JSONValue.object(body).text())
        return TerminalText.harmless("step \(step): \(kind) \(text)")
    }
}
