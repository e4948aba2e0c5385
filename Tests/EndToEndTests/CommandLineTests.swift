import Foundation
import HoneCore
import TestSupport
import Testing

/// What the program says to mistakes that people make.
@Suite struct CommandLineTests {
    private static let model = EvaluateCommandTests.root
        .appending(path: "Pretrained/countdown-tiny").path

    struct Mistake: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var exitCode: Int32 = 64
        /// What the answer on standard error must hold.
        var answer: String

        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let mistakes = [
        Mistake(arguments: ["trian", "r.yaml"], answer: "did you mean hone train?"),
        Mistake(arguments: ["runs", "lst"], answer: "did you mean hone runs list?"),
        Mistake(arguments: ["help", "evalute"], answer: "did you mean hone evaluate?"),
        Mistake(arguments: ["frobnicate"], answer: "there are train, validate"),
        Mistake(arguments: ["train", "r.yaml", "--ouput", "x"], answer: "--output"),
        Mistake(
            arguments: ["validate", "--explain", "grpo.lerning_rate"],
            answer: "did you mean optimizer.learning_rate?"),
        Mistake(
            arguments: ["generate", "--model", "Qwen/Qwen2.5-0.5B", "--prompt", "x"],
            answer: "Hone loads nothing from the network"),
        Mistake(
            arguments: ["generate", "--model", model + "/config.json", "--prompt", "x"],
            answer: "it is a file; name the folder"),
        Mistake(
            arguments: ["generate", "--model", model + "/..", "--prompt", "x"],
            answer: "no model folder; did you mean"),
        Mistake(
            arguments: ["generate", "--model", model, "--adapter", model, "--prompt", "x"],
            answer: "a whole model and no adapter"),
        Mistake(
            arguments: ["generate", "--model", model, "--prompt", "x", "--temperature", "-1"],
            answer: "temperature is -1.0"),
        Mistake(
            arguments: ["generate", "--model", model, "--prompt", "x", "--device", "cuda:77"],
            answer: "device cuda:77: there is no"),
        Mistake(arguments: ["train", "."], answer: "it is a folder"),
    ]

    @Test(arguments: mistakes) func mistakesAreAnsweredWithTheRemedy(mistake: Mistake) async throws
    {
        let scratch = try ScratchFolder()
        let outcome = try await HoneProgram.run(mistake.arguments, folder: scratch.url)
        #expect(outcome.exitCode == mistake.exitCode)
        #expect(outcome.errors.contains(mistake.answer), "\(outcome.errors)")
        // The usage of another command would only distract.
        #expect(!outcome.errors.contains("Usage: hone <subcommand>"), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func theVersionIsTold() async throws {
        let outcome = try await HoneProgram.run(["--version"])
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.hasPrefix("hone 0."))
    }

    @Test func jsonMayBeAskedOfCommandsThatPrintNothingElse() async throws {
        let outcome = try await HoneProgram.run(
            ["tokenize", "--json", "--model", Self.model, "Make 24"])
        #expect(outcome.exitCode == 0)
        #expect(try JSONValue(parsing: outcome.output)["ids"]?.arrayValue?.isEmpty == false)
    }

    @Test func aRowWithAMisspeltKeyIsToldWhichWasMeant() async throws {
        let outcome = try await HoneProgram.run(
            ["generate", "--model", Self.model, "--input", "-", "--max-tokens", "1"],
            input: "{\"promt\": \"Make 24\"}\n")
        #expect(outcome.exitCode == 65)
        let row = try JSONValue(parsing: outcome.output)
        #expect(row["error"]?.stringValue?.contains("is \"promt\" meant for \"prompt\"?") == true)
        #expect(outcome.errors.contains("1 of 1 row could not be answered; the first: row 0"))
    }

    private static func recipe(_ scratch: ScratchFolder, rewards: String) throws -> URL {
        _ = try scratch.file(
            "rows.jsonl", String(repeating: "{\"nums\": [2, 3, 4], \"target\": 24}\n", count: 4))
        return try scratch.file(
            "recipe.yaml",
            """
            method: grpo
            model: \(model)
            dtype: f32
            dataset: {path: rows.jsonl, prompt: {style: chat, template: "Make {target} from {nums}."}}
            rewards: \(rewards)
            sampling: {max_completion_length: 8}
            grpo: {num_prompts: 2, num_generations: 2, train_steps: 1}
            """)
    }

    @Test func aRunNeverWritesIntoAFolderWithOtherThings() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, rewards: "[{name: format, type: format}]")
        let before = try Data(contentsOf: recipe)
        let outcome = try await HoneProgram.run(
            ["train", recipe.path, "--output", "."], folder: scratch.url)
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains("already holds other things"), "\(outcome.errors)")
        #expect(try Data(contentsOf: recipe) == before)
    }

    @Test func aRewardFunctionThatFailsIsNamedInTheFirstStep() async throws {
        let scratch = try ScratchFolder()
        _ = try scratch.file(
            "own.py", "def own(prompt, completion, example):\n    return example[\"label\"]\n")
        let recipe = try Self.recipe(scratch, rewards: "[{name: own, type: python, file: own.py}]")
        let outcome = try await HoneProgram.run(["train", recipe.path], folder: scratch.url)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(
            outcome.errors.contains(
                "reward function own failed for 4 of 4 completions of this step; the first raised: "
                    + "KeyError: 'label' (own.py:2)"), "\(outcome.errors)")
        #expect(outcome.errors.contains("grading failures 4"))
    }
}
