import Foundation
import HoneModels
import TestSupport
import Testing

/// Ctrl-C in a terminal.
@Suite(.enabled(if: TerminalProgram.isAvailable)) struct InterruptionTests {
    private static let controlC = "\u{3}"

    /// Greedy answers of random weights go on until the limit.
    private func chat(_ scratch: ScratchFolder) throws -> TerminalProgram {
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        let source = scratch.url.appending(path: "source")
        try FileManager.default.copyItem(
            at: root.appending(path: "Recipes/countdown/tokenizer"), to: source)
        let config = """
            {"model_type": "qwen2", "vocab_size": 400, "hidden_size": 16, "intermediate_size": 32,
             "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
             "max_position_embeddings": 60000, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "hidden_act": "silu", "tie_word_embeddings": true}
            """
        try Data(config.utf8).write(to: source.appending(path: "config.json"))
        let model = try DecoderModel.random(config: ModelConfig(folder: source), seed: 4)
        let folder = scratch.url.appending(path: "model")
        try ModelFolder.save(model, folder: folder, source: source)
        return try TerminalProgram(
            [
                "chat", "--model", folder.path, "--temperature", "0", "--max-tokens", "50000",
                "--dtype", "f32", "--threads", "1",
            ], home: scratch.url.appending(path: "home"))
    }

    @Test func inAChatItEndsTheAnswerAndAtThePromptTheConversation() async throws {
        let scratch = try ScratchFolder()
        let chat = try chat(scratch)
        let asked = try await chat.waits(for: "> ")
        let greeting = await chat.screen
        try #require(asked, "\(greeting)")
        for message in ["1 + 2", "again"] {
            try await chat.type(message + "\n")
            let answers = try await chat.waits(forCharacters: message.count + 40)
            try #require(answers)
            try await chat.type(Self.controlC)
            // The next prompt: the conversation goes on.
            let goesOn = try await chat.waits(for: "\n> ")
            let screen = await chat.screen.suffix(200)
            try #require(goesOn, "\(screen)")
        }
        try await chat.type(Self.controlC)
        let code = try await chat.exitCode()
        #expect(code == 130)
    }

    @Test func aRunStopsWithACheckpointAndGoesOnToTheSameEnd() async throws {
        let scratch = try ScratchFolder()
        let recipe = try ResumeTests.recipe(scratch, training: "").path
        let (whole, broken) = (
            scratch.url.appending(path: "whole"), scratch.url.appending(path: "broken")
        )
        let sets = ["--set", "grpo.train_steps=40", "--set", "checkpoints.every=100"]
        let straight = try await HoneProgram.run(
            ["train", recipe, "--output", whole.path] + sets)
        try #require(straight.exitCode == 0, "\(straight.errors)")

        let run = try TerminalProgram(
            ["train", recipe, "--output", broken.path] + sets,
            home: scratch.url.appending(path: "home"))
        await run.type(Self.controlC, when: { ((try? ResumeTests.steps(broken).count) ?? 0) >= 2 })
        let code = try await run.exitCode()
        #expect(code == 130)
        let screen = await run.screen
        #expect(screen.contains("stopping after this step"), "\(screen)")
        #expect(screen.contains("--resume goes on from it"), "\(screen)")
        let steps = try ResumeTests.steps(broken).count
        #expect(steps >= 2 && steps < 40)
        let checkpoint = String(repeating: "0", count: 6 - "\(steps)".count) + "\(steps)"
        #expect(
            FileManager.default.fileExists(
                atPath: broken.appending(path: "checkpoints/step-\(checkpoint)").path))
        let events = broken.appending(path: "events.jsonl")
        #expect(try String(contentsOf: events, encoding: .utf8).contains("interrupted after step"))

        let resumed = try await HoneProgram.run(
            ["train", recipe, "--output", broken.path, "--resume"] + sets)
        try #require(resumed.exitCode == 0, "\(resumed.errors)")
        #expect(try ResumeTests.steps(broken) == ResumeTests.steps(whole))
        let weights = "model/model.safetensors"
        let same =
            try Data(contentsOf: broken.appending(path: weights))
            == Data(contentsOf: whole.appending(path: weights))
        #expect(same)
    }
}
