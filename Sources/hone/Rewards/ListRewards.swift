import ArgumentParser
import Foundation
import HoneCore
import HoneTraining
import OrderedCollections

struct ListRewards: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List every version of a run's reward functions and the steps that it scored.",
        discussion: """
            A star marks what is in force. Below stands every change that was asked for, also those \
            that were refused or only tried, with what its trial showed.
            """)

    @OptionGroup var place: RunOptions
    @Flag(help: "Show the report of each trial whole.") var reports = false
    @Flag(
        help: """
            Print a JSON object per version (with "version"), then one per change that was asked for \
            (with "answer").
            """)
    var json = false

    /// Steps from and to; without an end while it is in force.
    private struct Span {
        var first: Int
        var last: Int?

        var text: String {
            guard let last else { return "\(first)–" }
            return first == last ? "\(first)" : "\(first)–\(last)"
        }
    }

    func run() async throws {
        let run = try RunRewards(place.run, place.store.place)
        let changes = try run.changes()
        let inForce = changes.last?.names ?? []
        for version in changes.versions {
            let spans = spans(of: version, changes)
            let change = changes.first { $0.names.contains(version.name) }
            if json {
                var row = version.json.objectValue ?? [:]
                row["function"] = .string(version.function)
                row["in_force"] = .bool(inForce.contains(version.name))
                row["reason"] = change.map { .string($0.reason.rawValue) } ?? .null
                row["steps"] = .array(
                    spans.map { [.int($0.first), $0.last.map(JSONValue.int) ?? .null] })
                StandardOutput.write(line: JSONValue.object(row).text())
                continue
            }
            let mark = inForce.contains(version.name) ? "*" : " "
            let source = version.source.map { "\($0.name) \($0.digest.prefix(8))" } ?? "built in"
            StandardOutput.write(
                line:
                    "\(mark) \(version.name)  steps \(spans.map(\.text).joined(separator: ", "))  "
                    + "\(change?.reason.rawValue ?? "")  \(version.declaration.type)  "
                    + "weight \(Figure.plain(version.declaration.weight))  \(source)")
        }
        let answers = try run.mailbox.allAnswers()
        guard !json else {
            for answer in answers {
                StandardOutput.write(line: JSONValue.object(try AnswerText.json(answer)).text())
            }
            return
        }
        let measured = try EvaluationRewards(in: run.folder.rewards)
        if !measured.functions.isEmpty {
            StandardOutput.write(
                line:
                    "evaluations are scored by \(measured.names.joined(separator: ", ")) as the run "
                    + "began; no change concerns them")
        }
        if !answers.isEmpty {
            let lines = AnswerText.lines(answers, reports: reports ? .whole : .inOneLine)
            for line in ["", "changes asked for"] + lines { StandardOutput.write(line: line) }
        }
        let waiting = try run.mailbox.waiting()
        if !waiting.isEmpty {
            let what = waiting.count == 1 ? "1 change waits" : "\(waiting.count) changes wait"
            StandardOutput.write(line: "\(what) for the run")
        }
    }

    /// When `version` was in force, from step 1.
    private func spans(of version: VersionedReward, _ changes: [RewardChange]) -> [Span] {
        var spans: [Span] = []
        for (index, change) in changes.enumerated() where change.names.contains(version.name) {
            let first = max(change.firstStep, 1)
            let last = index + 1 < changes.count ? changes[index + 1].firstStep - 1 : nil
            if let before = spans.last, before.last == first - 1 {
                spans[spans.count - 1].last = last
            } else {
                spans.append(Span(first: first, last: last))
            }
        }
        return spans
    }
}
