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

    @Test func messagesComeFromAFileOrAPipe() async throws {
        let scratch = try ScratchFolder()
        let model = try folder(scratch).path
        let messages = #"[{"role": "user", "content": "Make 4 from [2, 2]."}]"#
        func generate(_ path: String, input: String = "") async throws -> HoneProgram.Outcome {
            try await HoneProgram.run(
                [
                    "generate", "--model", model, "--dtype", "f32", "--messages", path,
                    "--max-tokens", "5", "--seed", "3", "--json",
                ], input: input)
        }
        let file = try await generate(scratch.file("messages.json", messages).path)
        #expect(file.exitCode == 0, "\(file.errors)")
        #expect(try rows(file.output)[0]["completion_ids"]?.arrayValue?.isEmpty == false)
        for path in ["-", "/dev/stdin"] {
            let piped = try await generate(path, input: messages)
            #expect(piped.output == file.output, "\(path): \(piped.errors)")
        }

        let absent = try await generate("/nowhere.json")
        #expect(absent.exitCode == 64)
        #expect(absent.errors.contains("--messages /nowhere.json: no such file"))
        let broken = try await generate(scratch.file("broken.json", "[\n{]").path)
        #expect(broken.exitCode == 65)
        #expect(broken.errors.contains("broken.json, line 2"), "\(broken.errors)")
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

    /// Drawn in four bits, scored in four bits: the same policy. In f32 it is another.
    @Test func aBaseInFourBitsIsTheSameForEveryCommand() async throws {
        let scratch = try ScratchFolder()
        let model = try folder(scratch).path
        let quantized = ["--model", model, "--dtype", "f32", "--quantization", "nf4"]
        let asked = try scratch.file("ask.jsonl", #"{"prompt_ids": [5, 6, 7]}"#).path
        let drawn = try await HoneProgram.run(
            ["generate"] + quantized
                + ["--input", asked, "--max-tokens", "12", "--seed", "5", "--json"])
        try #require(drawn.exitCode == 0, "\(drawn.errors)")
        let answer = try rows(drawn.output)[0]
        let wanted = try #require(answer["logprobs"]?.arrayValue).compactMap(\.doubleValue)
        let row: JSONObject = [
            "prompt_ids": [5, 6, 7],
            "completion_ids": try #require(answer["completion_ids"]),
        ]
        let input = try scratch.file("score.jsonl", JSONValue.object(row).text() + "\n").path
        func scores(_ options: [String]) async throws -> [Double] {
            let scored = try await HoneProgram.run(["score"] + options + ["--input", input])
            try #require(scored.exitCode == 0, "\(scored.errors)")
            return try #require(rows(scored.output)[0]["logprobs"]?.arrayValue)
                .compactMap(\.doubleValue)
        }
        let same = try await scores(quantized)
        #expect(same.count == wanted.count && !same.isEmpty)
        for (a, b) in zip(same, wanted) { #expect(abs(a - b) < 1e-5) }
        let plain = try await scores(["--model", model, "--dtype", "f32"])
        #expect(zip(plain, wanted).contains { abs($0 - $1) > 1e-4 })

        let chat = try await HoneProgram.run(
            ["chat"] + quantized + ["--max-tokens", "4"], input: "1 + 2\n/exit\n")
        #expect(chat.exitCode == 0, "\(chat.errors)")
        #expect(chat.output.contains("\n"))
    }

    @Test func whatCannotBeKeptInFourBitsIsNamed() async throws {
        let scratch = try ScratchFolder()
        let model = try folder(scratch)
        func refusal(_ arguments: [String], _ folder: URL) async throws -> HoneProgram.Outcome {
            try await HoneProgram.run(
                ["generate", "--prompt", "1", "--model", folder.path] + arguments)
        }
        let unknown = try await refusal(["--quantization", "int4"], model)
        #expect(unknown.exitCode == 64)
        #expect(unknown.errors.contains("'int4' is none of none, nf4"))

        // An adapter for layers of another width.
        let adapter = scratch.url.appending(path: "adapter")
        let other = try DecoderModel.random(
            config: ModelConfig(
                try JSONValue(
                    parsing: """
                        {"model_type": "qwen2", "vocab_size": 400, "hidden_size": 32,
                         "intermediate_size": 32, "num_hidden_layers": 2,
                         "num_attention_heads": 2, "num_key_value_heads": 1,
                         "max_position_embeddings": 128, "rms_norm_eps": 1e-6,
                         "rope_theta": 10000.0, "hidden_act": "silu",
                         "tie_word_embeddings": true}
                        """
                ).objectValue ?? [:], file: "other"), seed: 4)
        try other.addAdapter(LoRAConfig(rank: 2), seed: 1)
        try AdapterFile.save(
            other, folder: adapter, baseModel: "some/other-model", trainedOn: other.quantization)
        let misfit = try await refusal(
            ["--quantization", "nf4", "--adapter", adapter.path], model)
        #expect(misfit.exitCode == 65)
        #expect(misfit.errors.contains("does not fit this model"))
        #expect(misfit.errors.contains("some/other-model"))
        // A folder that is no adapter.
        let none = try await refusal(["--quantization", "nf4", "--adapter", model.path], model)
        #expect(none.exitCode == 64)
        #expect(none.errors.contains("it holds a whole model and no adapter"))

        // Last, since it changes the folder: weights that somebody else has quantised.
        let file = model.appending(path: "config.json")
        var config = try #require(JSONValue(parsing: [UInt8](Data(contentsOf: file))).objectValue)
        config["quantization_config"] = ["quant_method": "awq", "bits": 4]
        try Data(JSONValue.object(config).text().utf8).write(to: file)
        for command in ["generate", "score", "chat"] {
            let input =
                command == "score"
                ? ["--input", file.path] : command == "chat" ? [] : ["--prompt", "1"]
            let refused = try await HoneProgram.run(
                [command, "--model", model.path, "--quantization", "nf4"] + input)
            #expect(refused.exitCode == 65, "\(command)")
            #expect(refused.errors.contains("already quantised (awq)"), "\(command)")
        }
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
