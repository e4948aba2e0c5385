import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone train --simulate`.
@Suite struct SimulateTests {
    private static func simulate(
        _ scratch: ScratchFolder, training: String = "", _ extra: [String] = []
    ) async throws -> (outcome: HoneProgram.Outcome, report: JSONValue, output: URL) {
        let recipe = try ResumeTests.recipe(scratch, training: training).path
        let output = scratch.url.appending(path: "run")
        let outcome = try await HoneProgram.run(
            ["train", recipe, "--output", output.path, "--simulate", "--json"] + extra)
        let report = (try? JSONValue(parsing: outcome.output)) ?? .null
        return (outcome, report, output)
    }

    @Test func saysWhatTheRunWillTakeAndWritesNothing() async throws {
        let scratch = try ScratchFolder()
        let (outcome, report, output) = try await Self.simulate(
            scratch, training: "evaluation: {every: 2, rows: 4}")
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let figures = report["figures"]
        #expect(figures?["total_steps"]?.intValue == 6)
        #expect(figures?["groups"]?.intValue == 12)
        #expect(figures?["evaluations"]?.intValue == 4)
        #expect(figures?["checkpoints"]?.intValue == 3)
        #expect(figures?["longest_completion"]?.intValue == 24)
        for name in ["seconds_per_step", "total_seconds", "memory/peak_bytes", "disk/needed_bytes"]
        {
            #expect((figures?[name]?.doubleValue ?? 0) > 0, "\(name)")
        }
        let silent = figures?["frac_reward_zero_std"]?.doubleValue ?? -1
        #expect((0...1).contains(silent))
        #expect(report["phases"]?.objectValue?.count == 6)
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.url.path)
        #expect(left == ["recipe.yaml"])
        #expect(!FileManager.default.fileExists(atPath: output.path))
    }

    @Test func refusesWhatWouldFailLater() async throws {
        // A budget that cannot hold one completion.
        let scratch = try ScratchFolder()
        let (small, report, _) = try await Self.simulate(
            scratch, ["--set", "memory.cache_budget=20 KiB"])
        #expect(small.exitCode == 65)
        #expect(report["problems"]?.arrayValue?.isEmpty == false)
    }

    @Test func showsEveryRowToTheRewards() async throws {
        let scratch = try ScratchFolder()
        try scratch.file(
            "column.py",
            """
            def column(prompt, completion, example):
                return float(example["solution"])
            """)
        let (outcome, report, _) = try await Self.simulate(
            scratch,
            [
                "--set",
                "rewards=[{name: column, type: python, file: column.py, function: column}]",
            ])
        #expect(outcome.exitCode == 65)
        let problem = report["problems"]?.arrayValue?.compactMap(\.stringValue)
            .first { $0.contains("KeyError") }
        #expect(problem != nil)
    }
}
