import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// Training with a reward function that does everything wrong in turn.
@Suite struct HostileRewardTests {
    static let functions = """
        import os, time

        count = 0

        def hostile(prompt, completion, example):
            global count
            count += 1
            way = count % 6
            if way == 1:
                raise ValueError("no")
            if way == 2:
                return float("nan")
            if way == 3:
                print("a word for the log")
                return None
            if way == 4:
                os._exit(1)
            return len(completion) % 7

        def endless(prompt, completion, example):
            while len(completion) % 2 == 0:
                time.sleep(1)
            return 1
        """

    static func train(
        _ rewards: String
    ) async throws -> (outcome: HoneProgram.Outcome, run: URL, scratch: ScratchFolder) {
        let scratch = try ScratchFolder()
        let model = try await EvaluateCommandTests.model(in: scratch)
        try scratch.file("rewards.py", functions)
        let recipe = try scratch.file(
            "recipe.yaml",
            """
            method: grpo
            model: \(model)
            dtype: f32
            dataset: {path: rows.jsonl}
            rewards:
              \(rewards)
            sampling: {max_completion_length: 8}
            grpo: {num_prompts: 2, num_generations: 6, train_steps: 2}
            """)
        let run = scratch.url.appending(path: "hostile")
        let outcome = try await HoneProgram.run([
            "train", recipe.path, "--output", run.path, "--json",
        ])
        return (outcome, run, scratch)
    }

    @Test func aRunGoesOnAndTellsEveryFailure() async throws {
        let (outcome, run, scratch) = try await Self.train(
            "- {name: hostile, type: python, file: rewards.py, workers: 1}")
        defer { withExtendedLifetime(scratch) {} }
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let steps = try outcome.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }.filter { $0["event"] == "step" }
        #expect(steps.count == 2)
        // Of any 4 calls in a row between two crashes at most 2 give a number.
        let failures = steps.compactMap { $0["metrics"]?["rewards/failures"]?.doubleValue }
        #expect(failures.allSatisfy { $0 >= 6 }, "\(failures)")
        let log = try String(contentsOf: run.appending(path: "rewards.jsonl"), encoding: .utf8)
        for sign in [
            "raised: ValueError: no (rewards.py:10)", "notFinite: returned nan",
            "a word for the log", "returned None (NoneType), which is no number",
            "crashed: the process ended during the call with exit code 1",
        ] {
            #expect(log.contains(sign), "\(sign)")
        }
    }

    @Test func aFailureStopsTheRunWhereDeclared() async throws {
        let (outcome, _, scratch) = try await Self.train(
            "- {name: endless, type: python, file: rewards.py, timeout: 0.3, on_error: stop}")
        defer { withExtendedLifetime(scratch) {} }
        #expect(outcome.exitCode != 0)
        #expect(
            (outcome.errors + outcome.output).contains(
                "reward function endless timedOut: took longer than 0.3 s"))
    }
}
