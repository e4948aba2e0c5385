import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// Early stop, retention and the best checkpoint in whole runs.
@Suite struct BestCheckpointTests {
    /// Trains with a held-out reward that is 1 for whatever is said.
    private static func train(
        _ scratch: ScratchFolder, _ evaluation: [String]
    ) async throws -> (run: URL, events: [JSONValue]) {
        let recipe = try ResumeTests.recipe(
            scratch,
            training: """
                evaluation:
                  every: 1
                  rows: 2
                  rewards: [{name: same, type: length, max: 1000}]
                  \(evaluation.joined(separator: "\n  "))
                """)
        let run = scratch.url.appending(path: "run")
        let outcome = try await HoneProgram.run([
            "train", recipe.path, "--output", run.path, "--set", "checkpoints.every=1", "--set",
            "checkpoints.keep=1",
        ])
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let events = try String(contentsOf: run.appending(path: "events.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        return (run, events)
    }

    /// All evaluations are equal, so the first after a step stays the best; the second in a row that is no
    /// better, after step 3, ends the run.
    @Test func aPlateauEndsTheRunAndTheBestIsItsResult() async throws {
        let scratch = try ScratchFolder()
        let (run, events) = try await Self.train(
            scratch, ["load_best_model_at_end: true", "early_stopping_patience: 2"])
        #expect(try ResumeTests.steps(run).count == 3)
        let last = try #require(events.last)
        #expect(last["event"] == "finished")
        #expect(last["metrics"]?["result/step"]?.intValue == 1)
        #expect(
            events.contains {
                $0["message"]?.stringValue?.hasPrefix(
                    "the run ends early: reward did not improve in 2 evaluations") == true
            })
        let checkpoints = run.appending(path: "checkpoints")
        let kept = try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).sorted()
        #expect(kept == ["step-000001", "step-000003"])
        func weights(_ path: String) throws -> Data {
            try Data(contentsOf: run.appending(path: path + "/model.safetensors"))
        }
        let result = try weights("model")
        #expect(try result == weights("checkpoints/step-000001"))
        #expect(try result != weights("checkpoints/step-000003"))
    }

    @Test func reachingTheMostThatCanBeHadEndsTheRun() async throws {
        let scratch = try ScratchFolder()
        let (run, events) = try await Self.train(
            scratch, ["early_stopping_target: 1.0"])
        #expect(try ResumeTests.steps(run).count == 1)
        #expect(events.last?["metrics"]?["result/step"]?.intValue == 1)
    }
}
