import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// `hone runs`: the record of every run.
struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Look at the record of every run.",
        subcommands: [ListRuns.self, ShowRun.self])
}

struct ListRuns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the runs, the latest first.")

    @OptionGroup var store: StoreOptions
    @Flag(help: "Print a JSON object per run.") var json = false

    func run() async throws {
        let store = try store.open()
        for run in try store.runs() {
            if json {
                StandardOutput.write(line: JSONValue.object(run.summary).text())
                continue
            }
            let rewards = try store.curve(of: "reward", in: run, .training).map(\.value)
            let latest = rewards.last.map { "  reward \(Figure.plain($0))" } ?? ""
            StandardOutput.write(
                line: "\(run.name)  \(run.state.rawValue)  \(run.method)  "
                    + "step \(run.step)/\(run.totalSteps)\(latest)  "
                    + Figure.sparkline(rewards, width: 24))
        }
    }
}

struct ShowRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one run: what it is, its curves, what happened.")

    @Argument(help: "Name of the run, the beginning of its name, or its folder.") var run: String
    @OptionGroup var store: StoreOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        let store = try store.open()
        let run = try store.run(run)
        let names = try store.metricNames(of: run, .training)
        let events = try store.events(of: run)
        if json {
            var object = run.summary
            object["recipe"] = .string(run.recipe)
            var latest = JSONObject()
            for name in names {
                latest[name] = try store.curve(of: name, in: run, .training).last
                    .map { .double($0.value) }
            }
            object["metrics"] = .object(latest)
            object["events"] = .array(
                events.map { event in
                    .object([
                        "event": .string(event.kind), "step": .int(event.step),
                        "time": .string(event.at.formatted(.iso8601)),
                        "body": .object(event.body),
                    ])
                })
            StandardOutput.write(line: JSONValue.object(object).text())
            return
        }
        let count = try store.completionCount(of: run, .training)
        var lines = [
            "\(run.name): \(run.method) on \(run.model)",
            "  \(run.state.rawValue), step \(run.step)/\(run.totalSteps), "
                + "\(count.all) completions, \(count.failed) with a failed reward",
            "  folder: \(run.folder)",
        ]
        lines += run.facts.map { "  \($0.key): \($0.value.stringValue ?? "")" }
        if let message = run.message { lines.append("  stopped by: \(message)") }
        let width = names.map(\.count).max() ?? 0
        for name in names {
            let values = try store.curve(of: name, in: run, .training).map(\.value)
            let label = name.padding(toLength: width, withPad: " ", startingAt: 0)
            lines.append(
                "  \(label)  \(Figure.sparkline(values, width: 32))  "
                    + (values.last.map(Figure.plain) ?? ""))
        }
        lines += events.filter { $0.kind == "warning" || $0.kind == "checkpointed" }.map { event in
            "  step \(event.step): \(event.kind) "
                + (event.body["message"] ?? event.body["path"] ?? "").text()
        }
        StandardOutput.write(line: lines.joined(separator: "\n"))
    }
}

extension StoredRun {
    /// The run as JSON, without recipe and metrics.
    var summary: JSONObject {
        [
            "run": .string(name), "name": .string(title), "state": .string(state.rawValue),
            "method": .string(method), "model": .string(model), "folder": .string(folder),
            "step": .int(step), "total_steps": .int(totalSteps),
            "started": .string(startedAt.formatted(.iso8601)),
            "updated": .string(updatedAt.formatted(.iso8601)),
            "output": output.map(JSONValue.string) ?? .null,
            "message": message.map(JSONValue.string) ?? .null, "facts": .object(facts),
        ]
    }
}
