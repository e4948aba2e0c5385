import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// What the pages say of the program, held to the program.
@Suite struct PagesTests {
    static func page(_ path: String) throws -> String {
        try String(
            contentsOf: EvaluateCommandTests.root.appending(path: path), encoding: .utf8)
    }

    /// The subcommands of `hone`, each with those below it.
    private static func commands() async throws -> [(name: String, below: [String])] {
        let help = try await HoneProgram.run(["--experimental-dump-help"])
        let root = try #require(try JSONValue(parsing: help.output)["command"])
        func names(_ command: JSONValue) -> [JSONValue] {
            (command["subcommands"]?.arrayValue ?? []).filter { $0["commandName"] != "help" }
        }
        return names(root).map { command in
            (
                command["commandName"]?.stringValue ?? "",
                names(command).compactMap { $0["commandName"]?.stringValue }
            )
        }
    }

    @Test func everyCommandIsInTheReadmesTable() async throws {
        let table = try Self.page("README.md").split(separator: "\n")
            .filter { $0.hasPrefix("| `hone ") }
        let commands = try await Self.commands()
        #expect(commands.count > 10)
        for command in commands {
            let row = table.first { $0.contains("`hone \(command.name)") }
            #expect(row != nil, "README.md's table lacks hone \(command.name)")
            for name in command.below {
                let isNamed = table.contains {
                    $0.contains("`hone \(command.name)") && $0.contains(name)
                }
                #expect(isNamed, "README.md's table lacks hone \(command.name) \(name)")
            }
        }
    }

    /// Two steps with everything on that has metrics of its own and no service behind it.
    @Test func everyMetricOfARunIsOnThePageOfNotation() async throws {
        let scratch = try ScratchFolder()
        let recipe = try ResumeTests.recipe(
            scratch,
            training: """
                filter_groups: {metric: length, max_num_gen_batches: 2}
                difficulty: {metric: length}
                evaluation: {every: 1, rows: 2, samples: 2, temperature: 1.0, pass_at_k: [1, 2]}
                """
        ).path
        let run = scratch.url.appending(path: "run")
        let outcome = try await HoneProgram.run([
            "train", recipe, "--output", run.path, "--set", "grpo.train_steps=2", "--set",
            "grpo.beta=0.01", "--set", "grpo.entropy_coef=0.001",
            "--set", "grpo.importance_sampling_correction=token_truncate",
        ])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let events = try String(contentsOf: run.appending(path: "events.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let names = Set(events.flatMap { $0["metrics"]?.objectValue?.keys.elements ?? [] })
        #expect(names.count > 40)
        let known = try Self.metricsOnThePage()
        for name in names.sorted() {
            #expect(
                known.contains { name.wholeMatch(of: $0) != nil },
                "Docs/Notation.md's table of metrics lacks \(name)")
        }
    }

    /// The names in the first column of the table of metrics, as patterns: a word in capitals stands for
    /// any name, and `/mean` after `a/b` for `a/mean`.
    private static func metricsOnThePage() throws -> [Regex<AnyRegexOutput>] {
        let page = try page("Docs/Notation.md")
        let section = page[try #require(page.range(of: "## Metrics")).upperBound...]
        return try section.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap { row in
            var folder = ""
            let cell = row.split(separator: "|")[0]
            return try cell.matches(of: /`([^`]+)`/).map { match in
                var name = String(match.1)
                if name.hasPrefix("/") { name = folder + name }
                folder = name.split(separator: "/").dropLast().joined(separator: "/")
                let pattern = name.replacing(/[A-Z]{3,}/, with: "[^/]+").replacing(
                    "@k", with: "@\\d+")
                return try Regex("\(pattern)")
            }
        }
    }
}
