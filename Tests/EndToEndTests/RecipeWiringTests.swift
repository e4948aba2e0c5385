import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// The recipes with committed data, on the included model: whether everything fits together, not what is
/// learnt.
@Suite struct RecipeWiringTests {
    static let root = EvaluateCommandTests.root

    @Test(arguments: ["gsm8k", "medical", "json-extraction"])
    func theRecipeTrains(name: String) async throws {
        let scratch = try ScratchFolder()
        let outcome = try await HoneProgram.run(
            [
                "train", "Recipes/\(name)/recipe.yaml", "--json", "--output",
                scratch.url.appending(path: "run").path, "--set", "grpo.train_steps=1",
                "--set", "grpo.num_prompts=2", "--set", "grpo.num_generations=2",
                "--set", "sampling.max_completion_length=16", "--set", "evaluation.rows=2",
            ], folder: Self.root)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let events = try outcome.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        let step = try #require(events.first { $0["event"] == "step" })
        // Every reward was computed for every completion.
        let means = try #require(step["metrics"]?.objectValue).filter {
            $0.key.hasPrefix("rewards/") && $0.key.hasSuffix("/mean")
        }
        #expect(means.count >= 2)
        #expect(means.values.allSatisfy { $0.doubleValue?.isFinite == true }, "\(means)")
        #expect(!events.contains { $0["event"] == "gradingFailed" })
        #expect(events.last?["event"] == "finished")
    }

    /// What inspection says of a recipe.
    static func report(_ name: String) async throws -> JSONValue {
        let outcome = try await HoneProgram.run(
            ["data", "inspect", "--recipe", "Recipes/\(name)/recipe.yaml", "--json"],
            folder: root)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        return try JSONValue(parsing: outcome.output)
    }

    @Test func theResultOfGSM8KIsCutOutOfTheSolution() async throws {
        let report = try await Self.report("gsm8k")
        #expect(report["train"] == 80 && report["test"] == 20 && report["bad"] == 0)
        #expect(report["too_long"] == 0)
        let result = try #require(
            report["columns_after_steps"]?.arrayValue?.first { $0["name"] == "result" })
        #expect(result["kinds"] == ["integer": 80])
        // "#### 3,380" of the first row.
        #expect(result["example"] == 3380)
        #expect(
            report["examples"]?.arrayValue?.first?["text"]?.stringValue?
                .hasPrefix("<|im_start|>system\nRespond in the following format:\n<reasoning>")
                == true)
    }

    @Test func theKnowledgeBaseDropsWhatIsNotReady() async throws {
        let report = try await Self.report("medical")
        #expect(report["rows"] == 90 && report["bad"] == 0 && report["too_long"] == 0)
        // Every tenth of 90 rows is not reviewed; rows 25 and 75 are, and have no answer.
        #expect(report["dropped"]?.arrayValue?.map { $0["rows"] } == [0, 9, 2, 0])
        // A tenth of 79 rows, rounded.
        #expect(report["train"] == 71 && report["test"] == 8)
    }

    @Test func noHeldOutOrderIsTrainedOn() async throws {
        let report = try await Self.report("json-extraction")
        #expect(report["train"] == 90 && report["test"] == 30)
        #expect(report["warnings"] == [])
        #expect(report["too_long"] == 0)
    }
}
