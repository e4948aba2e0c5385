import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// A run that is killed and resumed ends as if it had never been stopped.
@Suite struct ResumeTests {
    /// A short run on the included model; six steps, a checkpoint after every second one.
    static func recipe(_ scratch: ScratchFolder, training: String) throws -> URL {
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        return try scratch.file(
            "recipe.yaml",
            """
            method: grpo
            model: \(root.path)/Pretrained/countdown-tiny
            dtype: f32
            threads: 1
            dataset:
              path: \(root.path)/Recipes/countdown/train.jsonl
              limit: 40
              prompt: {style: chat, template: "Make {target} from {nums}."}
            rewards: [{name: equation, type: countdown_equation}]
            sampling: {max_completion_length: 24}
            grpo: {num_prompts: 4, num_generations: 4, train_steps: 6, beta: 0.01}
            optimizer: {learning_rate: 1.0e-3}
            checkpoints: {every: 2}
            \(training)
            """)
    }

    /// The steps that a run recorded, without what depends on the clock.
    static func steps(_ run: URL) throws -> [JSONValue] {
        try String(contentsOf: run.appending(path: "events.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            .filter { $0["event"] == "step" }
            .map { row in
                var metrics = row["metrics"]?.objectValue ?? [:]
                for key in metrics.keys
                where ["time", "memory", "tokens_per_second", "step_time"].contains(
                    String(key.split(separator: "/")[0]))
                {
                    metrics[key] = nil
                }
                return ["step": row["step"] ?? .null, "metrics": .object(metrics)]
            }
    }

    @Test(arguments: ["", "lora: {rank: 4, alpha: 8, dropout: 0.1}"])
    func aKilledRunEndsAsTheUninterruptedOne(training: String) async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, training: training).path
        let whole = scratch.url.appending(path: "whole")
        let broken = scratch.url.appending(path: "broken")
        let straight = try await HoneProgram.run(["train", recipe, "--output", whole.path])
        try #require(straight.exitCode == 0, "\(straight.errors)")

        // Killed at some moment after the first checkpoint, twice if it lives that long.
        var arguments = ["train", recipe, "--output", broken.path]
        for _ in 0..<2 {
            let started = try HoneProgram.start(arguments)
            let checkpoint = broken.appending(path: "checkpoints/step-000002")
            while started.isRunning, !FileManager.default.fileExists(atPath: checkpoint.path) {
                try await Task.sleep(for: .milliseconds(2))
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<400)))
            started.kill()
            _ = try await started.outcome()
            arguments = ["train", recipe, "--output", broken.path, "--resume"]
        }
        let resumed = try await HoneProgram.run(arguments)
        try #require(resumed.exitCode == 0, "\(resumed.errors)")

        #expect(try Self.steps(broken) == Self.steps(whole))
        let result =
            training.isEmpty ? "model/model.safetensors" : "adapter/adapter_model.safetensors"
        let expected = try Data(contentsOf: whole.appending(path: result))
        #expect(try Data(contentsOf: broken.appending(path: result)) == expected)
        let lines = { (run: URL) in
            try String(contentsOf: run.appending(path: "completions.jsonl"), encoding: .utf8)
        }
        #expect(try lines(broken) == lines(whole))
    }

    @Test func anotherRecipeIsRefusedAndSoIsAnOccupiedFolder() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, training: "").path
        let run = scratch.url.appending(path: "run")
        let short = ["train", recipe, "--output", run.path, "--set", "grpo.train_steps=3"]
        try #require(try await HoneProgram.run(short).exitCode == 0)

        let again = try await HoneProgram.run(short)
        #expect(again.exitCode == 64)
        #expect(again.errors.contains("already holds a run"))
        let other = try await HoneProgram.run(
            short + ["--resume", "--set", "optimizer.learning_rate=0.5"])
        #expect(other.exitCode == 64)
        #expect(other.errors.contains("optimizer.learning_rate differs"))
    }
}
