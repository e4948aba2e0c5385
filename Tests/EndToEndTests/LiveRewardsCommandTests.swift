import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// Reward functions of a run changed while it trains.
@Suite(.serialized) struct LiveRewardsCommandTests {
    static let first = """
        import time
        def shape(prompt, completion, example):
            time.sleep(0.004)
            return len(completion) % 7
        """
    /// The other way round, so that every advantage flips.
    static let second = """
        import time
        def shape(prompt, completion, example):
            time.sleep(0.004)
            return 6 - len(completion) % 7
        """

    /// A run of `steps` steps with a Python reward, in its own folder.
    static func recipe(_ scratch: ScratchFolder, steps: Int, more: String = "") throws -> URL {
        try scratch.file("shape.py", first)
        let recipe = try ResumeTests.recipe(scratch, training: more)
        let text = try String(contentsOf: recipe, encoding: .utf8)
            .replacing(/rewards: \[.*\]/) { _ in
                "rewards: [{name: shape, type: python, file: shape.py}, "
                    + "{name: length, type: length, min: 30, max: 40, margin: 20, weight: 0.5}]"
            }
            .replacing("train_steps: 6", with: "train_steps: \(steps)")
            .replacing("every: 2", with: "every: 5")
            // Hardly learns: a run that goes on while others have the cores would otherwise find the best
            // length, and answers that are all alike have no advantages left to flip.
            .replacing("learning_rate: 1.0e-3", with: "learning_rate: 1.0e-7")
        try Data(text.utf8).write(to: recipe)
        return recipe
    }

    static func events(_ run: URL, _ name: String) throws -> [JSONValue] {
        let file = run.appending(path: "events.jsonl")
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        // The last line may be on its way.
        return try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { try JSONValue(parsing: String($0)) }.filter { $0["event"]?.stringValue == name }
    }

    /// Waits until the run has recorded `count` events of that name.
    static func wait(
        for count: Int, _ name: String, of run: URL, _ program: HoneProgram.Started
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try events(run, name).count < count {
            try #require(program.isRunning, "the run ended before \(count) × \(name)")
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// How many versions the run has refused.
    static func refusals(_ run: URL) throws -> Int {
        try events(run, "warning").count {
            $0["message"]?.stringValue?.contains("new rewards are refused") == true
        }
    }

    static func rewards(_ arguments: [String]) async throws -> HoneProgram.Outcome {
        try await HoneProgram.run(["rewards"] + arguments)
    }

    @Test func aRunTakesUpAVersionRefusesBrokenOnesAndGoesBack() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, steps: 100_000)
        let run = scratch.url.appending(path: "run")
        let home = ["HONE_HOME": scratch.url.appending(path: "home").path]
        let program = try HoneProgram.start(
            ["train", recipe.path, "--output", run.path], environment: home)
        defer { program.kill() }
        try await Self.wait(for: 3, "step", of: run, program)

        for (name, text, word) in [
            ("syntax.py", "def shape(:\n", "SyntaxError"),
            (
                "failing.py", "def shape(prompt, completion, example):\n    return 1 / 0\n",
                "ZeroDivisionError"
            ), ("absent.py", "def other(prompt, completion, example):\n    return 1\n", "other"),
        ] {
            let file = try scratch.file(name, text)
            let refused = try await Self.rewards(["update", run.path, "--file", file.path])
            #expect(refused.exitCode == 65, "\(name): \(refused.errors)")
            #expect(refused.errors.contains("refused"), "\(refused.errors)")
            #expect(
                (refused.errors + refused.output).contains(word), "\(name): \(refused.errors)")
        }
        #expect(try Self.refusals(run) == 3)
        #expect(try Self.events(run, "rewardsChanged").isEmpty)

        let file = try scratch.file("new.py", Self.second)
        let dry = try await Self.rewards(
            ["update", run.path, "--file", file.path, "--dry-run", "--completions", "16"])
        #expect(dry.exitCode == 0, "\(dry.errors)")
        #expect(dry.output.contains("nothing is changed"))
        let updated = try await Self.rewards(["update", run.path, "--file", file.path])
        try #require(updated.exitCode == 0, "\(updated.errors)")
        for sign in [
            "old mean", "groups with signal", "advantages whose sign flips",
            "in force from step",
        ] {
            #expect(updated.output.contains(sign), "\(updated.output)")
        }
        let reverted = try await Self.rewards(["revert", run.path, "shape_v1"])
        try #require(reverted.exitCode == 0, "\(reverted.errors)")
        let enough = try Self.events(run, "step").count + 2
        try await Self.wait(for: enough, "step", of: run, program)
        program.kill()
        _ = try await program.outcome()

        let changes = try Self.events(run, "rewardsChanged")
        #expect(changes.map { $0["reason"] } == ["update", "revert"])
        #expect(
            changes.map { $0["in_force"] } == [
                ["shape_v2", "length_v1"], ["shape_v1", "length_v1"],
            ])
        let (from, to) = (
            try #require(changes[0]["step"]?.intValue), try #require(changes[1]["step"]?.intValue)
        )
        for step in try Self.events(run, "step") {
            let number = try #require(step["step"]?.intValue)
            let metrics = step["metrics"]?.objectValue ?? [:]
            #expect(metrics["rewards/shape/mean"] != nil)
            #expect((metrics["rewards/shape_v2/mean"] != nil) == (from..<to).contains(number))
            #expect((metrics["rewards/shape_v1/mean"] != nil) == (number >= to))
        }
        let show = try await HoneProgram.run(
            ["runs", "show", run.path, "--json"], environment: home)
        let versions = try JSONValue(parsing: show.output)["rewards"]?.arrayValue ?? []
        #expect(
            versions.map { $0["version"] } == ["length_v1", "shape_v1", "shape_v2"],
            "\(show.output) \(show.errors)")
        let list = try await Self.rewards(["list", run.path])
        #expect(
            list.output.contains("* shape_v1  steps 1–\(from - 1), \(to)–  start"), "\(list.output)"
        )
        #expect(
            list.output.contains("  shape_v2  steps \(from)–\(to - 1)  update"), "\(list.output)")
        let rows = try await Self.rewards(["list", run.path, "--json"]).output
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(
            rows.prefix(3).map { $0["version"] } == ["shape_v1", "length_v1", "shape_v2"])
        #expect(rows[2]["source"]?["texts"]?["new.py"] == .string(Self.second))
        // Every change that was asked for, in the folder and in the store.
        let answers = Array(rows.dropFirst(3))
        #expect(
            answers.map { $0["state"] }
                == ["refused", "refused", "refused", "tried", "applied", "applied"])
        #expect(
            answers.map { $0["asked"] }
                == ["update", "update", "update", "update", "update", "revert"])
        #expect(answers[1]["reason"]?.stringValue?.contains("ZeroDivisionError") == true)
        #expect((answers[3]["trial"]?["completions"]?.intValue ?? 0) >= 16)
        #expect(answers[4]["firstStep"]?.intValue == from)
        #expect(answers[4]["trial"]?["flips"]?["flipped"] != 0)
        let recorded = try JSONValue(parsing: show.output)["reward_changes"]?.arrayValue ?? []
        for key in ["answer", "state", "asked", "reason", "trial", "firstStep"] {
            #expect(recorded.map { $0[key] } == answers.map { $0[key] }, "\(key)")
        }
        for line in [
            "changes asked for", "update  shape_v2  tried only (on ",
            "update  shape_v2  in force from step \(from) (on ", "refused: ",
            "revert  shape_v1  in force from step \(to) (on ",
        ] {
            #expect(list.output.contains(line), "\(line): \(list.output)")
        }
        let screen = try await HoneProgram.run(["runs", "show", run.path], environment: home)
        #expect(screen.output.contains("shape_v2  in force from step \(from)"), "\(screen.output)")
    }

    @Test func aRunKilledAtAnyInstantGoesOnWithTheVersionInForceToTheBit() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, steps: 120).path
        let broken = scratch.url.appending(path: "broken")
        var arguments = ["train", recipe, "--output", broken.path]
        // In each round another version is asked for while the run goes on, and the run is killed at
        // some instant of its trial, of its coming into force, or after.
        var delays: [Int] = []
        for (round, text) in [Self.second, Self.first, Self.second].enumerated() {
            let before = try Self.events(broken, "step").count
            let program = try HoneProgram.start(arguments)
            defer { program.kill() }
            try await Self.wait(
                for: 5 * (before / 5) + 2, "step", of: broken, program)
            let file = try scratch.file("new.py", text + "# \(round)\n")
            let update = try HoneProgram.start([
                "rewards", "update", broken.path, "--file", file.path,
            ])
            delays.append(Int.random(in: 0..<1500))
            let instant = ContinuousClock.now + .milliseconds(delays[round])
            await program.kill(when: { ContinuousClock.now >= instant })
            _ = try await program.outcome()
            let outcome = try await update.outcome(within: 60)
            // The version of the round before may have come into force since this one was read.
            #expect(
                outcome.exitCode == 0 || outcome.errors.contains("changed meanwhile"),
                "\(delays): \(outcome.errors)")
            arguments = ["train", recipe, "--output", broken.path, "--resume"]
        }
        // A run that nobody trains takes a change up when it goes on.
        let waiting = try await Self.rewards(["update", broken.path, "--file", recipe])
        #expect(
            waiting.errors.contains("--resume") || waiting.errors.contains("nothing differs"),
            "\(delays): \(waiting.errors)")
        // None of the files that the versions came from is needed any more.
        try Data("broken(".utf8).write(to: scratch.url.appending(path: "new.py"))
        let resumed = try await HoneProgram.run(arguments)
        try #require(resumed.exitCode == 0, "\(delays): \(resumed.errors)")
        let history = try String(
            contentsOf: broken.appending(path: "rewards/history.jsonl"), encoding: .utf8
        ).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        // Each change of the history is told once, at its step.
        #expect(
            try Self.events(broken, "rewardsChanged").map { $0["step"] }
                == history.dropFirst().map { $0["first_step"] }, "\(delays)")

        // The same history from the beginning, without an interruption.
        let whole = scratch.url.appending(path: "whole")
        try FileManager.default.createDirectory(at: whole, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: broken.appending(path: "rewards"), to: whole.appending(path: "rewards"))
        let inbox = whole.appending(path: "rewards/inbox")
        if FileManager.default.fileExists(atPath: inbox.path) {
            try FileManager.default.removeItem(at: inbox)
        }
        let straight = try await HoneProgram.run([
            "train", recipe, "--output", whole.path, "--resume",
        ])
        try #require(straight.exitCode == 0, "\(straight.errors)")
        let expected = try ResumeTests.record(whole, result: "model/model.safetensors")
        let found = try ResumeTests.record(broken, result: "model/model.safetensors")
        for key in Set(expected.keys).union(found.keys) {
            let same = found[key] == expected[key]
            #expect(same, "\(key)")
        }
    }

    @Test func aSavedFileIsTakenUpAndABrokenOneIsNot() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, steps: 100_000)
        let run = scratch.url.appending(path: "run")
        let program = try HoneProgram.start([
            "train", recipe.path, "--output", run.path, "--watch-rewards",
        ])
        defer { program.kill() }
        try await Self.wait(for: 2, "step", of: run, program)
        // Long enough after the start for the watch to have seen the first text.
        try await Self.wait(
            for: try Self.events(run, "step").count + 8, "step", of: run, program)
        try scratch.file("shape.py", "def shape(:\n")
        let deadline = ContinuousClock.now + .seconds(60)
        while try Self.refusals(run) == 0 {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
        try scratch.file("shape.py", Self.second)
        try await Self.wait(for: 1, "rewardsChanged", of: run, program)
        // The recipe is watched as well: another weight is another version.
        let text = try String(contentsOf: recipe, encoding: .utf8)
        try Data(text.replacing("weight: 0.5", with: "weight: 0.25").utf8).write(to: recipe)
        try await Self.wait(for: 2, "rewardsChanged", of: run, program)
        let changes = try Self.events(run, "rewardsChanged")
        #expect(changes.map { $0["reason"] } == ["watch", "watch"])
        #expect(changes[1]["in_force"] == ["shape_v2", "length_v2"])
    }

    /// evaluation.rewards are the run's own measure, whoever edits their file.
    @Test func evaluationsAreScoredByWhatTheRunBeganWith() async throws {
        let scratch = try ScratchFolder()
        try scratch.file("yard.py", "def yard(prompt, completion, example):\n    return 0.25\n")
        let recipe = try Self.recipe(
            scratch, steps: 2,
            more: """
                evaluation:
                  every: 1
                  rows: 4
                  rewards:
                    - {name: yard, type: python, file: yard.py}
                """)
        let run = scratch.url.appending(path: "run")
        let home = ["HONE_HOME": scratch.url.appending(path: "home").path]
        let arguments = ["train", recipe.path, "--output", run.path]
        let first = try await HoneProgram.run(arguments, environment: home)
        try #require(first.exitCode == 0, "\(first.errors)")
        try scratch.file("yard.py", "def yard(prompt, completion, example):\n    return 0.75\n")
        // A change of the rewards says that it does not concern them.
        let file = try scratch.file("new.py", Self.second)
        let updated = try await HoneProgram.run(
            ["rewards", "update", run.path, "--file", file.path], environment: home)
        try #require(updated.exitCode == 0, "\(updated.errors)")
        #expect(updated.errors.contains("evaluation.rewards (yard) stay"), "\(updated.errors)")
        let resumed = try await HoneProgram.run(
            arguments + ["--resume", "--set", "grpo.train_steps=4"], environment: home)
        try #require(resumed.exitCode == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("evaluation.rewards of"), "\(resumed.errors)")
        let evaluations = try Self.events(run, "evaluated")
        #expect(evaluations.map { $0["step"] } == [0, 1, 2, 3, 4])
        #expect(evaluations.allSatisfy { $0["metrics"]?["reward"] == 0.25 })
        // The change waited for the run and came into force; both answers are one.
        let list = try await HoneProgram.run(["rewards", "list", run.path], environment: home)
        #expect(list.output.contains("evaluations are scored by yard"), "\(list.output)")
        #expect(list.output.contains("shape_v2  in force from step 3 (on "), "\(list.output)")
        let show = try await HoneProgram.run(
            ["runs", "show", run.path, "--json"], environment: home)
        let shown = try JSONValue(parsing: show.output)
        #expect(shown["evaluation_rewards"]?.arrayValue?.map { $0["function"] } == ["yard"])
        #expect(shown["reward_changes"]?.arrayValue?.map { $0["state"] } == ["applied"])
    }

    @Test func aFinishedRunIsScoredAgain() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(scratch, steps: 3)
        let run = scratch.url.appending(path: "run")
        let home = ["HONE_HOME": scratch.url.appending(path: "home").path]
        let trained = try await HoneProgram.run(
            ["train", recipe.path, "--output", run.path], environment: home)
        try #require(trained.exitCode == 0, "\(trained.errors)")
        let file = try scratch.file("new.py", Self.second)
        let text = try await HoneProgram.run(["rescore", run.path, "--rewards", file.path])
        try #require(text.exitCode == 0, "\(text.errors)")
        #expect(text.output.contains("They do not show the policy that would have been trained"))
        #expect(text.output.contains("rescored"))

        func rows(_ rewards: String) async throws -> [JSONValue] {
            let outcome = try await HoneProgram.run(
                ["rescore", run.path, "--rewards", rewards, "--json"], environment: home)
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return try outcome.output.split(separator: "\n").map {
                try JSONValue(parsing: String($0))
            }
        }
        // Three steps of four prompts and four completions, and the summary.
        let new = try await rows(file.path)
        #expect(new.count == 49)
        #expect(new[48]["limit"] != nil)
        for row in new.dropLast() {
            let components = try #require(row["components"]?.objectValue)
            let (shape, length) = (
                try #require(components["shape"]?.doubleValue),
                try #require(components["length"]?.doubleValue)
            )
            // The recorded total is (6 − new shape) + length / 2.
            let recorded = try #require(row["recorded"]?.doubleValue)
            #expect(abs(recorded - (6 - shape + 0.5 * length)) < 1e-9)
        }
        // The folder alone says the same as the store, and needs the dataset no more.
        let written = try String(contentsOf: run.appending(path: "recipe.yaml"), encoding: .utf8)
        try Data(written.replacing("train.jsonl", with: "gone.jsonl").utf8).write(
            to: run.appending(path: "recipe.yaml"))
        let alone = try await HoneProgram.run([
            "rescore", run.path, "--rewards", file.path, "--json",
        ])
        let lines = try alone.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(lines.dropLast() == new.dropLast(), "\(alone.errors)")
        // Scored again by what scored it, nothing changes.
        let same = try await rows("shape_v1")
        #expect(same.dropLast().allSatisfy { $0["recorded"] == $0["total"] })
        #expect(same[48]["summary"]?["flips"]?["flipped"] == 0)
    }
}
