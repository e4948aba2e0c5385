import Foundation
import HoneCore
import HoneModels
import OrderedCollections
import TestSupport
import Testing

/// `hone generate`, `hone score` and `hone chat` as scripts use them, on a random model.
@Suite struct GenerateCommandTests {
    /// A model folder with the Countdown recipe's tokenizer, with or without its chat template.
    private func folder(_ scratch: ScratchFolder, hasTemplate: Bool = true) throws -> URL {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let source = scratch.url.appending(path: "source")
        try FileManager.default.copyItem(
            at: root.appending(path: "Recipes/countdown/tokenizer"), to: source)
        if !hasTemplate {
            let file = source.appending(path: "tokenizer_config.json")
            var values = try #require(
                JSONValue(parsing: [UInt8](Data(contentsOf: file))).objectValue)
            values["chat_template"] = nil
            try Data(JSONValue.object(values).text().utf8).write(to: file)
        }
        let config = """
            {"model_type": "qwen2", "vocab_size": 400, "hidden_size": 16, "intermediate_size": 32,
             "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
             "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "hidden_act": "silu", "tie_word_embeddings": true}
            """
        try Data(config.utf8).write(to: source.appending(path: "config.json"))
        let model = try DecoderModel.random(config: ModelConfig(folder: source), seed: 4)
        let folder = scratch.url.appending(path: "model")
        try ModelFolder.save(model, folder: folder, source: source)
        return folder
    }

    private func rows(_ output: String) throws -> [JSONValue] {
        try output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test func answersRowsInOrderAndScoreAgrees() async throws {
        let scratch = try ScratchFolder()
        let model = try folder(scratch).path
        let input = try scratch.file(
            "rows.jsonl",
            """
            {"prompt_ids": [5, 6, 7]}
            {"prompt": "1 + 2"}
            {"nothing": 1}
            {"messages": [{"role": "user", "content": "hi"}]}
            """)
        let drawn = try await HoneProgram.run([
            "generate", "--model", model, "--dtype", "f32", "--input", input.path, "--n", "2",
            "--max-tokens", "7", "--temperature", "0.9", "--seed", "5", "--json",
        ])
        #expect(drawn.exitCode == 65, "\(drawn.errors)")
        let answers = try rows(drawn.output)
        #expect(answers.map { $0["index"]?.intValue } == [0, 0, 1, 1, 2, 3, 3])
        #expect(answers.prefix(4).map { $0["sample"]?.intValue } == [0, 1, 0, 1])
        #expect(answers[4]["error"]?.stringValue?.contains("prompt_ids") == true)
        #expect(answers[6]["finish_reason"] != nil)

        let first = try #require(answers[0]["completion_ids"])
        let scoring = try scratch.file(
            "score.jsonl",
            JSONValue.object(["prompt_ids": [5, 6, 7], "completion_ids": first]).text() + "\n")
        let scored = try await HoneProgram.run([
            "score", "--model", model, "--dtype", "f32", "--temperature", "0.9", "--input",
            scoring.path,
        ])
        #expect(scored.exitCode == 0, "\(scored.errors)")
        let score = try rows(scored.output)[0]
        let wanted = try #require(answers[0]["logprobs"]?.arrayValue).compactMap(\.doubleValue)
        let found = try #require(score["logprobs"]?.arrayValue).compactMap(\.doubleValue)
        #expect(found.count == wanted.count)
        for (a, b) in zip(found, wanted) { #expect(abs(a - b) < 1e-5) }
        let sum = found.reduce(0, +)
        #expect(abs((score["sum"]?.doubleValue ?? 0) - sum) < 1e-9)
        let perplexity = exp(-sum / Double(found.count))
        #expect(abs((score["perplexity"]?.doubleValue ?? 0) - perplexity) < 1e-6 * perplexity)
    }

    @Test func onePromptGivesTheTextOfItsTokens() async throws {
        let scratch = try ScratchFolder()
        let model = try folder(scratch).path
        let arguments = ["generate", "--model", model, "--prompt", "1 + 2", "--max-tokens", "9"]
        let text = try await HoneProgram.run(arguments)
        let row = try await HoneProgram.run(arguments + ["--json"])
        #expect(text.exitCode == 0, "\(text.errors)")
        let answer = try rows(row.output)[0]
        #expect(text.output == (answer["text"]?.stringValue ?? "") + "\n")
    }

    @Test func chatAnswersLineByLine() async throws {
        let scratch = try ScratchFolder()
        let outcome = try await HoneProgram.run(
            ["chat", "--model", folder(scratch).path, "--max-tokens", "4"],
            input: "1 + 2\n/what\n/reset\nand\\\nagain\n/exit\nnever read\n")
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("/what?"))
        // Two messages, two answers, each with a newline at its end.
        #expect(outcome.output.hasSuffix("\n"))
        #expect(outcome.output.filter { $0 == "\n" }.count >= 2)
    }

    @Test func faultsHaveTheirExitCodes() async throws {
        let scratch = try ScratchFolder()
        let model = try folder(scratch).path
        func code(_ arguments: [String], input: String = "") async throws -> Int32 {
            try await HoneProgram.run(arguments, input: input).exitCode
        }
        let generate = ["generate", "--model", model]
        #expect(try await code(generate) == 64)
        #expect(try await code(generate + ["--prompt", "1", "--top-p", "0"]) == 64)
        #expect(try await code(generate + ["--prompt", "1", "--n", "0"]) == 64)
        let plain = try ScratchFolder()
        let untaught = try await HoneProgram.run(
            ["chat", "--model", folder(plain, hasTemplate: false).path], input: "hi\n")
        #expect(untaught.exitCode == 65)
        #expect(untaught.errors.contains("no chat template"))
        let tight = try await HoneProgram.run(
            generate + ["--prompt", "1", "--max-tokens", "100", "--cache-budget", "8KiB"])
        #expect(tight.exitCode == 65)
        #expect(tight.errors.contains("key/value cache"))
    }
}
