import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// Numbers that are not finite, in a whole run.
@Suite struct TripwireTests {
    @Test func stepsThatAreNotFiniteAreNamedUndoneAndThenEndTheRun() async throws {
        let scratch = try ScratchFolder()
        // Finite as a double, infinite as a float: a reward that passes every check and breaks the loss.
        try scratch.file(
            "huge.py",
            """
            def huge(prompt, completion, example):
                return 1e39 if len(completion) % 2 else 0.0
            """)
        let recipe = try ResumeTests.recipe(
            scratch, training: "tripwires: {max_undone_steps: 2}"
        ).path
        let run = scratch.url.appending(path: "run")
        let outcome = try await HoneProgram.run([
            "train", recipe, "--output", run.path, "--set", "grpo.scale_rewards=none", "--set",
            "rewards=[{name: huge, type: python, file: huge.py, function: huge}]",
        ])
        #expect(outcome.exitCode == 70)
        #expect(outcome.errors.contains("3 steps had to be undone"))
        let events = try String(contentsOf: run.appending(path: "events.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let warnings = events.filter { $0["event"] == "warning" }
            .compactMap { $0["message"]?.stringValue }.filter { $0.hasPrefix("not finite") }
        #expect(warnings.count == 2)
        #expect(warnings.first?.contains("in optimiser step 1: the loss (dataset rows ") == true)
        #expect(warnings.first?.hasSuffix("the step was undone (1 of at most 2)") == true)

        // The checkpoint after the two undone steps has no moments: the optimiser never stepped.
        let optimizer = try Data(
            contentsOf: run.appending(path: "checkpoints/step-000002/optimizer.safetensors"))
        #expect(optimizer.count < 100_000)
    }

    /// Steps of 1e30 leave weights that are numbers and compute none. With a checkpoint after each step it is
    /// met there, else where the next completions are drawn; nothing broken is kept.
    @Test(arguments: [("1", nil), ("2", " (dataset row ")] as [(String, String?)])
    func aPolicyThatComputesNoNumbersIsNotKept(every: String, row: String?) async throws {
        let scratch = try ScratchFolder()
        let recipe = try ResumeTests.recipe(scratch, training: "").path
        let run = scratch.url.appending(path: "run")
        let outcome = try await HoneProgram.run([
            "train", recipe, "--output", run.path, "--set", "optimizer.learning_rate=1e30", "--set",
            "checkpoints.every=\(every)",
        ])
        #expect(outcome.exitCode == 70)
        #expect(
            outcome.errors.contains(
                "after optimiser step 1 the policy's log-probabilities are not finite\(row ?? ":")"),
            "\(outcome.errors)")
        #expect(outcome.errors.contains("lower optimizer.learning_rate"))
        let checkpoints = run.appending(path: "checkpoints")
        let kept = try? FileManager.default.contentsOfDirectory(atPath: checkpoints.path)
        #expect(kept ?? [] == [])
    }
}
