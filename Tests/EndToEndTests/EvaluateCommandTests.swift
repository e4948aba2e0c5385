import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone evaluate` on a model that one step of training has made.
@Suite struct EvaluateCommandTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Makes a model of random weights in `scratch`; returns its folder.
    static func model(in scratch: ScratchFolder) async throws -> String {
        let rows = (0..<4).map {
            #"{"prompt":"Make \#($0).","completion":"<answer>\#($0)</answer>"}"#
        }
        try scratch.file("rows.jsonl", rows.joined(separator: "\n"))
        let recipe = try scratch.file(
            "pretrain.yaml",
            """
            method: sft
            dtype: f32
            model:
              tokenizer: \(root.path)/Recipes/countdown/tokenizer
              config:
                architectures: [Qwen2ForCausalLM]
                model_type: qwen2
                vocab_size: 382
                hidden_size: 32
                intermediate_size: 64
                num_hidden_layers: 2
                num_attention_heads: 2
                num_key_value_heads: 2
                max_position_embeddings: 128
                rope_theta: 10000.0
                rms_norm_eps: 1.0e-6
                hidden_act: silu
                tie_word_embeddings: true
                initializer_range: 0.02
                bos_token_id: null
                eos_token_id: 377
                pad_token_id: 375
                torch_dtype: float32
            dataset: {path: rows.jsonl}
            sft: {batch_size: 2, train_steps: 1}
            """)
        let run = scratch.url.appending(path: "run").path
        let outcome = try await HoneProgram.run(["train", recipe.path, "--output", run])
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        return run + "/model"
    }

    @Test func comparesModelsOnTheRowsOfAFile() async throws {
        let scratch = try ScratchFolder()
        let model = try await Self.model(in: scratch)
        let spec = try scratch.file(
            "rewards.yaml",
            """
            - {name: short, type: length, max: 0, margin: 1000, weight: 0.5}
            - {name: right, type: exact_match, column: completion, weight: 0.5}
            """)
        let rows = scratch.url.appending(path: "rows.jsonl").path
        let arguments = [
            "evaluate", "--model", model, "--data", rows, "--rewards", spec.path, "--max-tokens",
            "8", "--samples", "4", "--temperature", "1",
        ]
        let outcome = try await HoneProgram.run(arguments + ["--model", model, "--json"])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let lines = try outcome.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        try #require(lines.count == 2)
        // The same model, the same seed: the same numbers.
        #expect(lines[0]["metrics"] == lines[1]["metrics"])
        #expect(lines[0]["rows"] == 4)
        #expect(lines[0]["samples_per_row"] == 4)
        #expect(lines[0]["adapter"] == .null)
        let metrics = try #require(lines[0]["metrics"]?.objectValue)
        #expect(
            metrics.keys.sorted() == [
                "completions/clipped_ratio", "completions/mean_length", "pass@1", "pass@2",
                "pass@4",
                "reward", "rewards/failures", "rewards/right/mean", "rewards/right/std",
                "rewards/short/mean", "rewards/short/std",
            ])
        let mean = try #require(metrics["reward"]?["mean"]?.doubleValue)
        let short = try #require(metrics["rewards/short/mean"]?.doubleValue)
        let right = try #require(metrics["rewards/right/mean"]?.doubleValue)
        #expect(abs(mean - (0.5 * short + 0.5 * right)) < 1e-12)
        #expect(short > 0)

        // Most of this tokenizer's tokens are numbers, so these digits end many completions early.
        let stopping = try await HoneProgram.run(
            arguments + ["--set", "sampling.stop=[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\"]", "--json"])
        let stopped = try JSONValue(parsing: stopping.output)
        let early = try #require(stopped["metrics"]?["completions/mean_length"]?.doubleValue)
        let length = try #require(metrics["completions/mean_length"]?.doubleValue)
        #expect(early < 0.8 * length)

        // The same model in four bits is another policy, and two of them are the same.
        let quantized = try await HoneProgram.run(
            arguments + ["--model", model, "--quantization", "nf4", "--json"])
        #expect(quantized.exitCode == 0, "\(quantized.errors)")
        let fourBits = try quantized.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        try #require(fourBits.count == 2)
        #expect(fourBits[0]["metrics"] == fourBits[1]["metrics"])
        #expect(fourBits[0]["samples"] != lines[0]["samples"])
        let unknown = try await HoneProgram.run(arguments + ["--quantization", "int4"])
        #expect(unknown.exitCode == 64)
        #expect(unknown.errors.contains("--quantization int4: expected"))

        let table = try await HoneProgram.run(arguments + ["--show", "1"])
        #expect(table.exitCode == 0)
        #expect(table.output.hasPrefix("4 rows, 4 completions each"))
        #expect(table.output.contains("Make 0."))
    }

    @Test func whatWasNotMeasuredIsShownAsADash() async throws {
        let scratch = try ScratchFolder()
        let model = try await Self.model(in: scratch)
        try scratch.file(
            "broken.py", "def broken(prompt, completion, example):\n    raise ValueError('no')\n")
        let spec = try scratch.file(
            "rewards.yaml", "- {name: broken, type: python, file: broken.py}")
        let place = ["--home", scratch.url.appending(path: "home").path]
        let outcome = try await HoneProgram.run(
            [
                "evaluate", "--model", model, "--rewards", spec.path, "--data",
                scratch.url.appending(path: "rows.jsonl").path, "--max-tokens", "2",
            ] + place)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let list = try await HoneProgram.run(["runs", "list"] + place)
        #expect(list.output.contains("evaluate-model"))
        let shown = try await HoneProgram.run(["runs", "show", "evaluate-model"] + place)
        #expect(shown.output.contains("4 with a failed reward"))
        for text in [list.output, shown.output] {
            #expect(text.contains("–"))
            #expect(!text.contains("nan"))
        }
    }

    /// Of each model that is measured, in its folder and in the store.
    @Test func whatRewardFunctionsPrintIsKept() async throws {
        let scratch = try ScratchFolder()
        let model = try await Self.model(in: scratch)
        try scratch.file(
            "loud.py",
            "def loud(prompt, completion, example):\n    print('seen', prompt[-2:])\n    return '1'\n"
        )
        let spec = try scratch.file("rewards.yaml", "- {name: loud, type: python, file: loud.py}")
        let home = scratch.url.appending(path: "home")
        let place = ["--home", home.path]
        let outcome = try await HoneProgram.run(
            [
                "evaluate", "--model", model, "--model", model, "--rewards", spec.path, "--data",
                scratch.url.appending(path: "rows.jsonl").path, "--samples", "2", "--max-tokens",
                "2",
                "--temperature", "1",
            ] + place)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("warning: reward function loud returned '1'"))
        let runs = home.appending(path: "runs")
        let folders = try FileManager.default.contentsOfDirectory(atPath: runs.path).sorted()
        try #require(folders.count == 2)
        for folder in folders {
            let file = runs.appending(path: folder).appending(path: "rewards.jsonl")
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 8)
            #expect(lines.allSatisfy { $0.contains("seen ") })
            let told = try await HoneProgram.run(["runs", "logs", folder, "--json"] + place)
            #expect(told.output.split(separator: "\n").filter { $0.contains("seen ") }.count == 8)
        }
    }

    @Test func usageAndDataErrorsAreToldApart() async throws {
        #expect(try await HoneProgram.run(["evaluate"]).exitCode == 64)
        let scratch = try ScratchFolder()
        let spec = try scratch.file("rewards.yaml", "- {name: format, type: format}")
        let rows = try scratch.file("rows.jsonl", #"{"prompt":"a"}"#)
        let missing = try await HoneProgram.run([
            "evaluate", "--model", "/nowhere", "--data", rows.path, "--rewards", spec.path,
        ])
        #expect(missing.exitCode == 65)
        #expect(missing.errors.contains("/nowhere"))
    }

    /// A store that forgot which migrations it has had is asked for tables that it has: neither the command nor
    /// a file that it names is at fault.
    @Test func anErrorOfOurOwnHasItsOwnCode() async throws {
        let scratch = try ScratchFolder()
        let model = try await Self.model(in: scratch)
        let spec = try scratch.file("rewards.yaml", "- {name: format, type: format}")
        let home = scratch.url.appending(path: "home")
        let arguments = [
            "evaluate", "--model", model, "--data", scratch.url.appending(path: "rows.jsonl").path,
            "--rewards", spec.path, "--samples", "1", "--max-tokens", "2", "--home", home.path,
        ]
        let whole = try await HoneProgram.run(arguments)
        try #require(whole.exitCode == 0, "\(whole.errors)")
        let python = Process()
        python.executableURL = URL(filePath: try PythonSearch.interpreter(declared: nil))
        let script = """
            import sqlite3, sys
            store = sqlite3.connect(sys.argv[1])
            store.execute("DELETE FROM grdb_migrations")
            store.commit()
            """
        python.arguments = ["-c", script, home.appending(path: "store.sqlite").path]
        try python.run()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0)
        let broken = try await HoneProgram.run(arguments)
        #expect(broken.exitCode == 70, "\(broken.errors)")
        #expect(broken.errors.contains("Error: the store refused"), "\(broken.errors)")
    }
}
