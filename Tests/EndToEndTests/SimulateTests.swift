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
        let problems = report["problems"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(
            problems.count == 1
                && problems[0].contains("a key/value cache of 20.0 KiB is smaller than one block"),
            "\(problems)")
    }

    @Test func tellsWhatHasNoEffect() async throws {
        let scratch = try ScratchFolder()
        let (outcome, report, _) = try await Self.simulate(
            scratch,
            [
                "--set", "memory.activation_reuse=1 MiB", "--set",
                "memory.gradient_checkpointing=true",
            ])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let warnings = report["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(
            warnings.contains {
                $0.hasPrefix("memory.activation_reuse: ")
                    && $0.contains("memory.gradient_checkpointing")
            }, "\(warnings)")
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

    /// A folder that no file can be written to, whoever asks: below a file.
    @Test func refusesAFolderThatCannotBeWritten() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.file("file", "")
        let (outcome, report, _) = try await Self.simulate(
            scratch, ["--output", file.appending(path: "run").path])
        #expect(outcome.exitCode == 65)
        let problems = report["problems"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(
            problems.contains { $0.hasPrefix("write a checkpoint: ") && $0.contains(file.path) })
        #expect(try String(contentsOf: file, encoding: .utf8).isEmpty)
    }

    /// Writing fails where the disk has no more room, here after 256 KiB: the model alone has 3.6 MB.
    @Test func refusesADiskThatFillsUp() async throws {
        let scratch = try ScratchFolder()
        let recipe = try ResumeTests.recipe(scratch, training: "").path
        let outcome = try await HoneProgram.run(
            [
                "train", recipe, "--output", scratch.url.appending(path: "run").path,
                "--simulate",
            ], fileSizeLimit: 256 * 1024)
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("Error: write a checkpoint: "), "\(outcome.errors)")
        #expect(outcome.errors.contains("could not be written"))
        // What was written of it is gone.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.url.path)
                == ["recipe.yaml"])
    }

    @Test func refusesAFolderThatHoldsARun() async throws {
        let scratch = try ScratchFolder()
        try scratch.file("run/events.jsonl", "")
        let (outcome, report, _) = try await Self.simulate(scratch)
        #expect(outcome.exitCode == 65)
        let problems = report["problems"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(problems.contains { $0.contains("already holds a run") })
    }

    /// Of the rows in the order of asking, `target` tells which fail. The walk asks the first 12 rows (4 a
    /// step, 3 steps), so those that fail come later.
    private static func laterRows(
        _ options: String, limit: Int, failsFrom first: Int
    ) async throws -> (outcome: HoneProgram.Outcome, problems: [String], warnings: [String]) {
        let scratch = try ScratchFolder()
        let rows = (0..<limit).map { #"{"nums": [1], "target": \#($0)}"# }
        try scratch.file("rows.jsonl", rows.joined(separator: "\n"))
        try scratch.file(
            "picky.py",
            """
            def picky(prompt, completion, example):
                row = int(example["target"])
                if row >= \(first):
                    raise ValueError("row %d is odd" % row)
                return float(len(completion))
            """)
        let reward =
            "rewards=[{name: picky, type: python, file: picky.py, function: picky\(options)}]"
        let (outcome, report, _) = try await simulate(
            scratch,
            [
                "--set", reward, "--set", "dataset.path=\(scratch.url.path)/rows.jsonl", "--set",
                "dataset.limit=null", "--set", "dataset.test=null", "--set",
                "dataset.shuffle=false",
                "--set", "grpo.train_steps=\(limit / 4)",
            ])
        func texts(_ key: String) -> [String] {
            report[key]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
        return (outcome, texts("problems"), texts("warnings"))
    }

    @Test func aFewLaterRowsThatFailAreAWarning() async throws {
        let found = try await Self.laterRows("", limit: 40, failsFrom: 38)
        #expect(found.outcome.exitCode == 0, "\(found.outcome.errors)")
        #expect(found.problems.isEmpty)
        #expect(
            found.warnings.contains {
                $0.hasPrefix("grading fails for 2 of 40 training rows, first for row 38")
                    && $0.contains("row 38 is odd")
            }, "\(found.warnings)")
    }

    @Test func aLaterRowThatStopsTheRunIsRefused() async throws {
        let found = try await Self.laterRows(", on_error: stop", limit: 40, failsFrom: 38)
        #expect(found.outcome.exitCode == 65)
        // Rows 36 to 39 are asked in the tenth step.
        #expect(
            found.problems.contains {
                $0.hasPrefix("the run would stop in step 10, at row 38: ")
                    && $0.contains("row 38 is odd") && $0.hasSuffix("(on_error: stop)")
            }, "\(found.problems)")
    }

    /// With 4 completions a row and a limit of a quarter, 16 failing rows of the latest 64 end the run; until
    /// 64 completions, 16 rows, nothing is judged. Rows from 30 on fail: after row 39 it is 10 of 40.
    @Test func laterRowsThatFailTooOftenAreRefused() async throws {
        let found = try await Self.laterRows(", max_failure_share: 0.25", limit: 48, failsFrom: 30)
        #expect(found.outcome.exitCode == 65)
        #expect(
            found.problems.contains {
                $0.hasPrefix("the run would stop in step 10, at row 39: reward function picky")
                    && $0.contains("40 of the latest 160 completions")
                    && $0.contains("first for row 30")
            }, "\(found.problems)")
    }
}
