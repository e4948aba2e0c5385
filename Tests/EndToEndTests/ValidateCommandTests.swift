import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone validate` as scripts use it, and the exit codes of commands that fail.
@Suite struct ValidateCommandTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let recipe = """
        method: sft
        model:
          tokenizer: \(root.path)/Recipes/countdown/tokenizer
          config: {model_type: qwen2, vocab_size: 382, hidden_size: 16, intermediate_size: 32,
            num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1,
            max_position_embeddings: 128, rms_norm_eps: 1.0e-6, rope_theta: 10000.0,
            hidden_act: silu, tie_word_embeddings: true}
        dataset: {path: rows.jsonl}
        sft: {max_length: 64}
        """
    static let rows = "{\"prompt\": \"2+2=\", \"completion\": \"4\"}\n"

    static func run(
        _ command: [String] = ["validate"], recipe: String = recipe, rows: String = rows,
        _ flags: [String] = []
    ) async throws -> HoneProgram.Outcome {
        let scratch = try ScratchFolder()
        let file = try scratch.file("recipe.yaml", recipe)
        try scratch.file("rows.jsonl", rows)
        return try await HoneProgram.run(command + [file.path] + flags, input: "")
    }

    @Test func printsARecipeThatIsTheSame() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.file("recipe.yaml", Self.recipe)
        try scratch.file("rows.jsonl", Self.rows)
        let first = try await HoneProgram.run(["validate", file.path], input: "")
        #expect(first.exitCode == 0, "\(first.errors)")
        #expect(first.output.contains("max_length: 64"))
        #expect(first.output.contains("adam_beta2: 0.999"))
        let resolved = try scratch.file("resolved.yaml", first.output)
        let again = try await HoneProgram.run(["validate", resolved.path], input: "")
        #expect(again.output == first.output)
    }

    @Test func tellsEveryProblemWithItsLine() async throws {
        let outcome = try await Self.run(
            recipe: Self.recipe + "\nsead: 3\noptimizer: {learning_rate: -1}\n",
            rows: "{\"question\": 1}\n{\n", ["--json"])
        #expect(outcome.exitCode == 65)
        let document = try JSONValue(parsing: outcome.output)
        let problems = try #require(document["problems"]?.arrayValue)
        #expect(
            problems.map { $0["key"]?.stringValue } == [
                "dataset.path", "dataset.path", "sead", "optimizer.learning_rate",
            ])
        #expect(problems.map { $0["line"]?.intValue } == [8, 8, 10, 11])
        #expect(document["recipe"] == .null)
    }

    @Test func overridesCount() async throws {
        let outcome = try await Self.run(["validate"], ["--set", "sft.max_length=500"])
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("the model takes only 128 tokens"))
    }

    @Test func showsTheFirstRow() async throws {
        let outcome = try await Self.run(["validate"], ["--show-row"])
        #expect(outcome.output == "2+2=4<|im_end|>\n")
    }

    @Test func explainsKeys() async throws {
        let outcome = try await HoneProgram.run(["validate", "--explain", "rewards"], input: "")
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.contains("type: countdown_equation"))
        let unknown = try await HoneProgram.run(["validate", "--explain", "betta"], input: "")
        #expect(unknown.exitCode == 64)
        #expect(
            unknown.errors.contains("did you mean grpo.beta?")
                || unknown.errors.contains("known keys"))
    }

    @Test func exitCodesSayWhatKindOfThingFailed() async throws {
        let absent = try await HoneProgram.run(["train", "/nowhere/recipe.yaml"], input: "")
        #expect(absent.exitCode == 64)
        let override = try await Self.run(["train"], ["--set", "nonsense"])
        #expect(override.exitCode == 64)
        let misspelt = try await Self.run(["train"], recipe: Self.recipe + "\nsead: 3\n")
        #expect(misspelt.exitCode == 65)
        #expect(misspelt.errors.contains("recipe.yaml:10: sead: unknown key; did you mean seed?"))
        let syntax = try await Self.run(["train"], recipe: "a: [1\n")
        #expect(syntax.exitCode == 65)
        let flag = try await HoneProgram.run(["train", "--nonsense"], input: "")
        #expect(flag.exitCode == 64)
    }
}
