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
              test: {rows: 8}
              prompt: {style: chat, template: "Make {target} from {nums}."}
            rewards: [{name: length, type: length, min: 30, max: 40, margin: 20}]
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

    /// Everything of a run that must not depend on interruptions: steps, evaluations, completions and the
    /// state that the last checkpoint keeps.
    static func record(_ run: URL, result: String) throws -> [String: Data] {
        let events = try String(contentsOf: run.appending(path: "events.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let evaluations = events.filter { $0["event"] == "evaluated" }.map {
            $0["metrics"] ?? .null
        }
        var record = [
            "steps": Data("\(try steps(run))".utf8), "evaluations": Data("\(evaluations)".utf8),
            "completions": try Data(contentsOf: run.appending(path: "completions.jsonl")),
            "evaluated": try Data(contentsOf: run.appending(path: "evaluations.jsonl")),
            "rows": try Data(contentsOf: run.appending(path: "rows.jsonl")),
        ]
        let checkpoints = run.appending(path: "checkpoints")
        let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).sorted()
        record["checkpoints"] = Data(names.joined(separator: " ").utf8)
        for name in names {
            let folder = checkpoints.appending(path: name)
            for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            // Holds the lengths of files in which times are written.
            where file != "state.json" {
                record["\(name)/\(file)"] = try Data(contentsOf: folder.appending(path: file))
            }
        }
        record["result"] = try Data(contentsOf: run.appending(path: result))
        return record
    }

    /// What a run may have besides its objective, each with a state that must survive.
    static let everything = """
        filter_groups: {metric: length, max_num_gen_batches: 3}
        difficulty: {metric: length, easy_threshold: 0.5, easy_fraction: 0.3}
        evaluation: {every: 2, rows: 4, load_best_model_at_end: true, early_stopping_patience: 3}
        lora: {rank: 4, alpha: 8, dropout: 0.1}
        """

    /// Several optimiser steps and passes a rollout, from parts that are added up, with moments of one byte
    /// and a reference and an entropy coefficient that move.
    static let manySteps = [
        "optimizer.name=adamw_8bit", "grpo.steps_per_generation=4",
        "grpo.gradient_accumulation_steps=2", "grpo.num_iterations=2", "grpo.sync_ref_model=true",
        "grpo.ref_model_sync_steps=3", "grpo.use_adaptive_entropy=true", "grpo.entropy_coef=0.1",
        "grpo.entropy_target=1", "grpo.top_entropy_quantile=0.5",
    ]

    @Test(arguments: [
        ("", [], "model/model.safetensors"),
        (everything, [], "adapter/adapter_model.safetensors"),
        ("", manySteps, "model/model.safetensors"),
        // The types and threads of a real run.
        ("", ["dtype=bf16", "threads=2"], "model/model.safetensors"),
        // Some of a step's rows fit, others are computed.
        ("", ["memory.activation_reuse=6 MiB"], "model/model.safetensors"),
        (
            "lora: {rank: 4, alpha: 8}", ["memory.activation_reuse=6 MiB"],
            "adapter/adapter_model.safetensors"
        ),
        (
            "quantization: nf4\n" + everything,
            [
                "grpo.steps_per_generation=2", "grpo.num_iterations=2", "grpo.loss_type=cispo",
                "optimizer.name=sgd", "optimizer.momentum=0.9",
                "memory.gradient_checkpointing=true",
            ], "adapter/adapter_model.safetensors"
        ),
    ])
    func aRunKilledAtAnyInstantEndsAsTheUninterruptedOne(
        training: String, sets: [String], result: String
    ) async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, training: training).path
        let changes = sets.flatMap { ["--set", $0] }
        let whole = scratch.url.appending(path: "whole")
        let broken = scratch.url.appending(path: "broken")
        let clock = ContinuousClock()
        let begun = clock.now
        let straight = try await HoneProgram.run(
            ["train", recipe, "--output", whole.path] + changes)
        try #require(straight.exitCode == 0, "\(straight.errors)")
        let duration = clock.now - begun

        // Killed at random instants of its life: while it reads the recipe, between files, in a step.
        let first = ["train", recipe, "--output", broken.path] + changes
        var arguments = first
        var delays: [Int] = []
        for _ in 0..<5 {
            let started = try HoneProgram.start(arguments)
            let milliseconds =
                Int(duration.components.seconds * 1000)
                + Int(duration.components.attoseconds / 1_000_000_000_000_000)
            delays.append(Int.random(in: 0..<max(milliseconds * 2 / 3, 1)))
            let instant = clock.now + .milliseconds(delays[delays.count - 1])
            await started.kill(when: { clock.now >= instant })
            _ = try await started.outcome()
            if FileManager.default.fileExists(atPath: broken.path) {
                arguments = first + ["--resume"]
            }
        }
        let resumed = try await HoneProgram.run(arguments)
        try #require(resumed.exitCode == 0, "after \(delays) ms: \(resumed.errors)")
        let expected = try Self.record(whole, result: result)
        let found = try Self.record(broken, result: result)
        for key in Set(expected.keys).union(found.keys) {
            let same = found[key] == expected[key]
            #expect(same, "\(key), killed after \(delays) ms")
        }
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
        let shorter = try await HoneProgram.run(
            short + ["--resume", "--set", "grpo.train_steps=2"])
        #expect(shorter.exitCode == 64)
        #expect(shorter.errors.contains("grpo.train_steps differs"))
        let nowhere = try await HoneProgram.run(
            ["train", recipe, "--resume", "--output", scratch.url.appending(path: "none").path])
        #expect(nowhere.exitCode == 64)
        #expect(nowhere.errors.contains("no run in"))
    }

    @Test func aLongerRunGoesOnAndSaysWhatThatMeans() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, training: "").path
        let (long, grown) = (
            scratch.url.appending(path: "long"), scratch.url.appending(path: "grown")
        )
        let constant = ["train", recipe, "--set", "optimizer.schedule=constant"]
        let straight = try await HoneProgram.run(constant + ["--output", long.path])
        try #require(straight.exitCode == 0, "\(straight.errors)")
        let short = try await HoneProgram.run(
            constant + ["--output", grown.path, "--set", "grpo.train_steps=4"])
        try #require(short.exitCode == 0, "\(short.errors)")
        let rest = try await HoneProgram.run(constant + ["--output", grown.path, "--resume"])
        try #require(rest.exitCode == 0, "\(rest.errors)")
        #expect(rest.errors.contains("grpo.train_steps grew from 4 to 6"))
        // A constant learning rate does not know how long the run is, so both are the same run.
        #expect(try Self.steps(grown) == Self.steps(long))

        let falling = try await HoneProgram.run(
            constant + ["--output", grown.path, "--resume", "--set", "grpo.train_steps=7"])
        try #require(falling.exitCode == 0, "\(falling.errors)")
    }

    @Test func aFullDiskEndsTheRunWithAClearWordAndItCanGoOn() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, training: "").path
        let whole = scratch.url.appending(path: "whole")
        let straight = try await HoneProgram.run(["train", recipe, "--output", whole.path])
        try #require(straight.exitCode == 0, "\(straight.errors)")

        // A file that may not grow beyond so many bytes fails as on a full disk: at the records first
        // (in 512-byte units), then with room for them but not for the weights.
        let run = scratch.url.appending(path: "run")
        var arguments = ["train", recipe, "--output", run.path]
        for limit in [8, 64, 2048] {
            let full = try await HoneProgram.run(arguments, fileSizeLimit: limit * 512)
            #expect(full.exitCode == 70, "\(limit): \(full.errors)")
            #expect(full.errors.contains("could not be written"), "\(limit): \(full.errors)")
            for name in ["events.jsonl", "completions.jsonl"] {
                let text = try String(contentsOf: run.appending(path: name), encoding: .utf8)
                #expect(text.isEmpty || text.hasSuffix("\n"), "\(name) ends within a line")
                for line in text.split(separator: "\n") {
                    _ = try JSONValue(parsing: String(line))
                }
            }
            let left = FileManager.default.enumerator(atPath: run.path)?.allObjects as? [String]
            #expect(left?.contains { $0.contains(".partial") } == false)
            #expect(left?.contains { $0.contains("step-") } == false)
            arguments = ["train", recipe, "--output", run.path, "--resume"]
        }
        let resumed = try await HoneProgram.run(arguments)
        try #require(resumed.exitCode == 0, "\(resumed.errors)")
        let found = try Self.record(run, result: "model/model.safetensors")
        for (key, data) in try Self.record(whole, result: "model/model.safetensors") {
            let same = found[key] == data
            #expect(same, "\(key)")
        }
    }

    @Test func theRewardLogOfRedoneStepsStandsOnce() async throws {
        let scratch = try ScratchFolder()
        try scratch.file(
            "talk.py",
            """
            def talk(prompt, completion, example):
                print("said")
                return len(completion) % 3
            """)
        let recipe = try Self.recipe(scratch, training: "").path
        let run = scratch.url.appending(path: "run")
        let arguments = [
            "train", recipe, "--output", run.path, "--set",
            "rewards=[{name: talk, type: python, file: talk.py, function: talk}]",
        ]
        let started = try HoneProgram.start(arguments)
        let checkpoint = run.appending(path: "checkpoints/step-000002")
        await started.kill(when: { FileManager.default.fileExists(atPath: checkpoint.path) })
        _ = try await started.outcome()
        let resumed = try await HoneProgram.run(arguments + ["--resume"])
        try #require(resumed.exitCode == 0, "\(resumed.errors)")
        let lines = try String(contentsOf: run.appending(path: "rewards.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let places = lines.map { "\($0["step"] ?? 0) \($0["row"] ?? 0) \($0["completion"] ?? 0)" }
        // Six steps of four prompts and four completions, each said once.
        #expect(places.count == 96)
        #expect(Set(places).count == 96)
    }
}
