import Foundation
import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

/// `hone export` as scripts use it.
@Suite struct ExportCommandTests {
    private let model = Fixtures.folder
        .appending(path: "../../Pretrained/countdown-tiny").standardized

    /// Countdown's tokenizer splits text in a way of its own, which llama.cpp has no name for.
    @Test func whatGGUFCannotSayIsTheModelsFault() async throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "model.gguf")
        let outcome = try await HoneProgram.run([
            "export", "--model", model.path, "--format", "gguf", "--output", file.path,
        ])
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("the tokenizer's way of splitting text"))
        #expect(outcome.errors.contains("--format merged"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
    }

    /// Exported again, an adapter says what it was trained on and not what it was last loaded onto.
    @Test func anAdapterOnAnotherBaseIsToldAndKeepsItsWord() async throws {
        let scratch = try ScratchFolder()
        let adapter = scratch.url.appending(path: "adapter")
        let policy = try DecoderModel.load(folder: model, dtype: .float32, quantization: .nf4)
        try policy.addAdapter(LoRAConfig(rank: 2, alpha: 4), seed: 1)
        try AdapterFile.save(
            policy, folder: adapter, baseModel: model.path, trainedOn: policy.adapterBase)
        func export(_ base: String, to name: String) async throws -> HoneProgram.Outcome {
            try await HoneProgram.run([
                "export", "--model", model.path, "--adapter", adapter.path, "--quantization", base,
                "--format", "adapter", "--output", scratch.url.appending(path: name).path,
            ])
        }
        let warning = "warning: the adapter was trained on a base in four bits (nf4)"
        let apart = try await export("none", to: "apart")
        try #require(apart.exitCode == 0, "\(apart.errors)")
        #expect(apart.errors.contains(warning))
        #expect(apart.errors.contains("--quantization nf4 "))
        let same = try await export("nf4", to: "same")
        try #require(same.exitCode == 0, "\(same.errors)")
        #expect(!same.errors.contains("warning"), "\(same.errors)")
        for name in ["apart", "same"] {
            let record = scratch.url.appending(path: "\(name)/hone_adapter.json")
            #expect(
                try JSONValue(parsing: [UInt8](Data(contentsOf: record)))["base_quantization"]
                    == "nf4")
        }

        let prompt = ["--prompt", "1", "--max-tokens", "1", "--dtype", "f32"]
        let commands = [
            ["generate", "--model", model.path] + prompt,
            ["evaluate", "--model", model.path] + (try evaluation(scratch)),
        ]
        for command in commands {
            let outcome = try await HoneProgram.run(command + ["--adapter", adapter.path])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("the adapter was trained on a base in four bits"))
            let right = try await HoneProgram.run(
                command + ["--adapter", adapter.path, "--quantization", "nf4"])
            #expect(right.exitCode == 0, "\(right.errors)")
            #expect(!right.errors.contains("the adapter was trained on"), "\(right.errors)")
        }
    }

    private func evaluation(_ scratch: ScratchFolder) throws -> [String] {
        let rows = try scratch.file("rows.jsonl", #"{"prompt": "1 + 2"}"#)
        let rewards = try scratch.file(
            "rewards.yaml", "rewards: [{name: length, type: length, max: 4, margin: 2}]")
        return [
            "--data", rows.path, "--rewards", rewards.path, "--dtype", "f32", "--max-tokens", "2",
            "--samples", "1",
        ]
    }
}
