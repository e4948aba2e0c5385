import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// `hone runs logs`: what happened in a run and what its reward functions said.
struct RunLogs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show a run's events and what its reward functions printed.",
        discussion: """
            By step: warnings, checkpoints, changes of rewards, and each call of a reward function that \
            printed something, failed, or returned no number, with its row and completion.
            """)

    @OptionGroup var options: RunOptions
    @Option(help: "Only this step, or these: 12, 10-20, 10-.") var step: StepRange?
    @Option(help: "Only calls of this reward function.") var function: String?
    @Flag(help: "Only calls of reward functions that failed.") var failed = false
    @Option(help: "The latest so many calls of reward functions.") var limit = 200
    @Flag(help: "Print a JSON object per line, as the run's folder keeps them.") var json = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let (store, run) = try options.open()
        var query = RewardLogQuery()
        (query.firstStep, query.lastStep) = (step?.first, step?.last)
        (query.function, query.failuresOnly, query.limit) = (function, failed, limit)
        let calls = try store.rewardLog(of: run, query)
        // Whoever asks for one function or for failures asks for calls alone.
        let events =
            function == nil && !failed
            ? try store.events(of: run).filter { step?.contains($0.step) ?? true } : []
        var lines: [(step: Int, line: String)] = []
        for event in events {
            let line = json ? JSONValue.object(event.json).text() : event.line
            lines.append((event.step, line))
        }
        for call in calls {
            let line = json ? JSONValue.object(call.json).text() : call.line
            lines.append((call.step, line))
        }
        // What was printed in a step comes after what happened at its end only by chance; the sort keeps
        // the order within each kind.
        let ordered = lines.enumerated().sorted {
            ($0.element.step, $0.offset) < ($1.element.step, $1.offset)
        }
        for (_, entry) in ordered { StandardOutput.write(line: entry.line) }
        if !json, calls.count == limit {
            StandardError.write(line: "the latest \(limit) calls; --limit shows more")
        }
    }
}

extension RewardLogRow {
    /// The call as lines for a person.
    fileprivate var line: String {
        var head = "step \(step): \(function)"
        if let row = json["row"]?.intValue { head += ", row \(row)" }
        if let completion = json["completion"]?.intValue { head += ", completion \(completion)" }
        if let score = json["score"]?.doubleValue { head += ": \(Figure.plain(score))" }
        if let seconds = json["seconds"]?.doubleValue { head += " in \(Figure.plain(seconds)) s" }
        var lines = [head]
        for key in ["failure", "warning", "detail", "output"] {
            guard let text = json[key]?.stringValue, !text.isEmpty else { continue }
            let body = text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
            lines.append(key == "output" ? body : "  \(key): \(body.drop { $0 == " " })")
        }
        return TerminalText.harmless(lines.joined(separator: "\n"))
    }
}
