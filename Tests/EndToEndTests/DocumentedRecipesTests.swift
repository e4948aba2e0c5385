import Foundation
import HoneCore
import TestSupport
import Testing

/// The recipes, and parts of recipes, that the documentation shows.
@Suite struct DocumentedRecipesTests {
    private static let root = EvaluateCommandTests.root

    struct Example: Sendable, CustomTestStringConvertible {
        var page: String
        var line: Int
        var text: String

        var testDescription: String { "\(page):\(line)" }
    }

    /// Every block of YAML in the pages.
    static let examples: [Example] = {
        let files = FileManager.default
        let pages =
            ["README.md"]
            + ["Docs", "Recipes"].flatMap { folder in
                (files.enumerator(atPath: root.appending(path: folder).path)?.allObjects ?? [])
                    .compactMap { $0 as? String }.filter { $0.hasSuffix(".md") }.sorted()
                    .map { "\(folder)/\($0)" }
            }
        return pages.flatMap { page -> [Example] in
            let text = (try? String(contentsOf: root.appending(path: page), encoding: .utf8)) ?? ""
            var found: [Example] = []
            var block: Example?
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                if line == "```yaml" {
                    block = Example(page: page, line: index + 1, text: "")
                } else if line == "```" {
                    if let block { found.append(block) }
                    block = nil
                } else {
                    block?.text += line + "\n"
                }
            }
            return found
        }
    }()

    @Test func thereAreSome() { #expect(Self.examples.count >= 8) }

    /// The example as a whole recipe: what a part leaves out is added.
    private static func recipe(of example: Example) -> String {
        var text = example.text
        let first = text.split(separator: "\n").first { !$0.hasPrefix("#") } ?? ""
        if first.hasPrefix("  - {name") {
            text = "rewards:\n" + text
        } else if first.hasSuffix("steps:") {
            let isNested = first.hasPrefix(" ")
            let lines = text.split(separator: "\n").map { isNested ? "\($0)" : "  \($0)" }
            text = "dataset:\n  path: rows.jsonl\n" + lines.joined(separator: "\n") + "\n"
        }
        for (key, value) in [
            ("method", "grpo"), ("model", "\(root.path)/Pretrained/countdown-tiny"),
            ("dataset", "{path: rows.jsonl}"), ("rewards", "[{name: own, type: format}]"),
        ] where !text.contains("\n\(key):") && !text.hasPrefix("\(key):") {
            text += "\(key): \(value)\n"
        }
        return text
    }

    /// What names files and rows of the reader is no fault of the example.
    private static func isAboutTheReader(_ message: String) -> Bool {
        message.contains("there is no folder") || message.contains("there is no file")
    }

    @Test(arguments: examples) func everyKeyIsKnownAndInRange(example: Example) async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.file("recipe.yaml", Self.recipe(of: example))
        let outcome = try await HoneProgram.run(
            ["validate", file.path, "--json", "--set", "sampling.max_completion_length=64"],
            folder: scratch.url)
        try #require(!outcome.output.isEmpty, "\(outcome.errors)")
        let problems = try JSONValue(parsing: outcome.output)["problems"]?.arrayValue ?? []
        let faults = problems.map { $0.text() }.filter { !Self.isAboutTheReader($0) }
        #expect(faults == [], "\(Self.recipe(of: example))")
    }
}
