import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone runs` over what `hone train` and `hone evaluate` have recorded.
@Suite struct RunsCommandTests {
    /// A store with a run of six steps in it, whose reward function prints, and fails at every third call.
    struct Recorded {
        let scratch: ScratchFolder
        let recipe: URL
        var home: URL { scratch.url.appending(path: "home") }
        var run: URL { scratch.url.appending(path: "run") }

        init() async throws {
            scratch = try ScratchFolder()
            try scratch.file(
                "talk.py",
                """
                def talk(prompt, completion, example):
                    print("said", len(completion))
                    if len(completion) % 3 == 0:
                        raise ValueError("a multiple of three")
                    return len(completion) / 100
                """)
            recipe = try ResumeTests.recipe(
                scratch,
                training: "name: sample\nevaluation: {every: 3, rows: 4}")
            let text = try String(contentsOf: recipe, encoding: .utf8).replacingOccurrences(
                of: "rewards: [", with: "rewards: [{name: talk, type: python, file: talk.py}, ")
            try Data(text.utf8).write(to: recipe)
            let trained = try await hone(["train", recipe.path, "--output", run.path])
            try #require(trained.exitCode == 0, "\(trained.errors)")
        }

        func hone(_ arguments: [String]) async throws -> HoneProgram.Outcome {
            try await HoneProgram.run(arguments, environment: ["HONE_HOME": home.path])
        }

        /// The objects that a command prints.
        func rows(_ arguments: [String]) async throws -> [JSONValue] {
            let outcome = try await hone(arguments)
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return try outcome.output.split(separator: "\n").map {
                try JSONValue(parsing: String($0))
            }
        }

        /// What the run's own folder says of its completions.
        func completions() throws -> [JSONValue] {
            try String(contentsOf: run.appending(path: "completions.jsonl"), encoding: .utf8)
                .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
    }

    @Test func aRunIsRecordedAndShownAndExported() async throws {
        let recorded = try await Recorded()
        let list = try await recorded.rows(["runs", "list", "--json"])
        #expect(list.count == 1)
        let summary = try #require(list.first)
        #expect(summary["run"] == "sample")
        #expect(summary["state"] == "finished")
        #expect(summary["step"] == 6 && summary["total_steps"] == 6)
        #expect(summary["folder"]?.stringValue == recorded.run.path)
        let table = try await recorded.hone(["runs", "list"])
        #expect(table.output.contains("sample") && table.output.contains("finished"))

        let show = try #require(try await recorded.rows(["runs", "show", "sam", "--json"]).first)
        #expect(show["steps"]?.arrayValue?.count == 6)
        #expect((show["evaluations"]?.arrayValue?.count ?? 0) >= 2)
        let kinds = show["events"]?.arrayValue?.compactMap { $0["event"]?.stringValue } ?? []
        #expect(kinds.first == "started" && kinds.last == "finished")
        #expect(kinds.count { $0 == "checkpointed" } == 3)
        let versions = show["rewards"]?.arrayValue ?? []
        #expect(versions.compactMap { $0["version"]?.stringValue } == ["length_v1", "talk_v1"])
        #expect(versions.last?["source"]?.stringValue?.contains("multiple of three") == true)
        let recipe = try await recorded.hone(["runs", "show", "sample", "--recipe"])
        let written = try String(
            contentsOf: recorded.run.appending(path: "recipe.yaml"), encoding: .utf8)
        #expect(recipe.output.split(separator: "\n") == written.split(separator: "\n"))
        let screen = try await recorded.hone(["runs", "show", "sample"])
        #expect(screen.output.contains("rewards/length/mean"))
        #expect(screen.output.contains("talk_v1 from step 1"))
        #expect(screen.output.contains("3 checkpoints, of steps 2 to 6"))
        #expect(!screen.output.contains("step-000004"))

        try await expectCompletions(recorded)
        try await expectLogs(recorded)
        try await expectExports(recorded)
    }

    private func expectCompletions(_ recorded: Recorded) async throws {
        let written = try recorded.completions()
        let base = ["runs", "completions", "sample", "--json", "--limit", "1000"]
        let all = try await recorded.rows(base)
        #expect(all.count == 96 && written.count == 96)
        for (stored, line) in zip(all, written) {
            for key in ["step", "row", "prompt", "completion", "tokens", "reward", "advantage"] {
                #expect(stored[key] == line[key], "\(key)")
            }
        }
        // Filters and order, against the plain way.
        let failed = try await recorded.rows(base + ["--failed", "--step", "2-4"])
        #expect(
            failed.count
                == written.count { line in
                    line["failure"] != nil && (2...4).contains(line["step"]?.intValue ?? 0)
                })
        #expect(
            failed.allSatisfy {
                $0["failures"]?["talk"]?.stringValue?.contains("a multiple of three") == true
            })
        let best = try await recorded.rows(
            base + ["--sort", "reward", "--descending", "--min-reward", "0.4"])
        let rewards = written.compactMap { $0["reward"]?.doubleValue }.filter { $0 >= 0.4 }
        #expect(best.compactMap { $0["reward"]?.doubleValue } == rewards.sorted(by: >))
        // Pages by cursor.
        let paged = ["runs", "completions", "sample", "--json", "--limit", "60"]
        let first = try await recorded.rows(paged)
        let cursor = try #require(first.last?["cursor"]?.stringValue)
        let second = try await recorded.rows(paged + ["--after", cursor])
        #expect((first + second).map { $0["completion"] } == all.map { $0["completion"] })

        let screen = try await recorded.hone(
            [
                "runs", "completions", "sample", "--row", "\(all[0]["row"]?.intValue ?? 0)",
                "--beside",
            ])
        #expect(screen.exitCode == 0 && screen.output.contains("│"), "\(screen.errors)")
        let bad = try await recorded.hone(["runs", "completions", "sample", "--after", "x"])
        #expect(bad.exitCode == 64 && bad.errors.contains("no cursor"))
    }

    private func expectLogs(_ recorded: Recorded) async throws {
        let lines = try await recorded.rows(["runs", "logs", "sample", "--json"])
        let calls = lines.filter { $0["function"] == "talk" }
        // Every call prints: 96 in training, the evaluations' beside them.
        #expect(calls.count >= 96)
        #expect(lines.contains { $0["event"] == "checkpointed" })
        let failed = try await recorded.rows(
            ["runs", "logs", "sample", "--json", "--failed", "--step", "2"])
        #expect(!failed.isEmpty)
        #expect(failed.allSatisfy { $0["step"] == 2 && $0["failure"] != nil })
        let screen = try await recorded.hone(["runs", "logs", "sample", "--step", "2"])
        #expect(screen.output.contains("ValueError: a multiple of three"))
    }

    private func expectExports(_ recorded: Recorded) async throws {
        func export(_ name: String, _ more: [String] = []) async throws -> URL {
            let file = recorded.scratch.url.appending(path: name)
            let outcome = try await recorded.hone(
                ["runs", "export", "sample", "--output", file.path] + more)
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return file
        }
        let lines = try String(contentsOf: try await export("all.jsonl"), encoding: .utf8)
        let rows = try lines.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(rows.count == 96)
        #expect(rows[0]["versions/length"] == "length_v1")
        // Read again as datasets, the tables say the same.
        for name in ["all.csv", "all.parquet"] {
            let file = try await export(name)
            let back = try await recorded.hone(
                ["data", "convert", file.path, "--output", "-", "--format", "jsonl"])
            try #require(back.exitCode == 0, "\(back.errors)")
            let read = try back.output.split(separator: "\n").map {
                try JSONValue(parsing: String($0))
            }
            #expect(read.map { $0["completion"] } == rows.map { $0["completion"] }, "\(name)")
            #expect(read.count == 96)
        }
        let metrics = try String(
            contentsOf: try await export("metrics.csv", ["--table", "metrics"]), encoding: .utf8)
        #expect(metrics.hasPrefix("phase,step,time,"))
        #expect(metrics.split(separator: "\n").count == 7)
        let refused = try await recorded.hone(
            ["runs", "export", "sample", "--output", "x.doc"])
        #expect(refused.exitCode == 64)
    }

    @Test func runsAreComparedDeletedAndTakenInAgain() async throws {
        let recorded = try await Recorded()
        let other = recorded.scratch.url.appending(path: "other")
        let second = try await recorded.hone([
            "train", recorded.recipe.path, "--output", other.path, "--set",
            "optimizer.learning_rate=5.0e-3",
        ])
        try #require(second.exitCode == 0, "\(second.errors)")
        let comparison = try #require(
            try await recorded.rows(["runs", "compare", "sample", "sample-2", "--json"]).first)
        #expect(comparison["recipe"]?["optimizer.learning_rate"] == [0.001, 0.005])
        #expect(comparison["training"]?["reward"]?.arrayValue?.count == 2)
        #expect(comparison["completions"]?.arrayValue?.isEmpty == false)
        let screen = try await recorded.hone(["runs", "compare", "sample", "sample-2"])
        #expect(screen.output.contains("optimizer.learning_rate"))
        #expect(screen.output.contains("│"))

        let page = ["runs", "completions", "sample", "--json", "--limit", "1000"]
        let before = try await recorded.rows(page)
        let heldOut = try await recorded.rows(page + ["--phase", "evaluation"])
        // Before the first step, after the third and the sixth; four rows each time.
        #expect(heldOut.map { $0["step"] } == [0, 3, 6].flatMap { Array(repeating: $0, count: 4) })
        let deleted = try await recorded.hone(["runs", "delete", "sample"])
        try #require(deleted.exitCode == 0, "\(deleted.errors)")
        let gone = try await recorded.hone(["runs", "show", recorded.run.path])
        #expect(gone.exitCode == 64 && gone.errors.contains("there is no run"))
        let artifacts = try await recorded.hone(["runs", "delete", "sample-2", "--artifacts"])
        try #require(artifacts.exitCode == 0, "\(artifacts.errors)")
        #expect(!FileManager.default.fileExists(atPath: other.path))

        let repair = try await recorded.hone(["runs", "repair", recorded.run.path])
        try #require(repair.exitCode == 0, "\(repair.errors)")
        #expect(repair.output.contains("took in 6 steps of sample"))
        // Every completion comes back as it was, also those of evaluations.
        #expect(try await recorded.rows(page) == before)
        #expect(try await recorded.rows(page + ["--phase", "evaluation"]) == heldOut)
    }

    @Test func aKilledRunIsShownAsStoppedAndItsResumptionAsTheSameRun() async throws {
        let scratch = try ScratchFolder()
        let recipe = try ResumeTests.recipe(scratch, training: "name: sample").path
        let environment = ["HONE_HOME": scratch.url.appending(path: "home").path]
        let arguments = ["train", recipe, "--output", scratch.url.appending(path: "run").path]
        let started = try HoneProgram.start(arguments, environment: environment)
        let events = scratch.url.appending(path: "run/events.jsonl")
        await started.kill(when: {
            ((try? String(contentsOf: events, encoding: .utf8)) ?? "")
                .contains(#""event":"step","step":3"#)
        })
        _ = try await started.outcome()
        let list = try await HoneProgram.run(["runs", "list"], environment: environment)
        #expect(list.output.contains("stopped"), "\(list.output) \(list.errors)")
        let resumed = try await HoneProgram.run(arguments + ["--resume"], environment: environment)
        try #require(resumed.exitCode == 0, "\(resumed.errors)")
        let json = try await HoneProgram.run(
            ["runs", "list", "--json"], environment: environment)
        let rows = try json.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(rows.count == 1)
        #expect(rows.first?["state"] == "finished" && rows.first?["step"] == 6)
        let completions = try await HoneProgram.run(
            ["runs", "completions", "sample", "--json", "--limit", "1000"],
            environment: environment)
        #expect(completions.output.split(separator: "\n").count == 96)
    }

    /// A recipe that learns one example by heart.
    private static func supervised(_ scratch: ScratchFolder, steps: Int) throws -> URL {
        try scratch.file(
            "rows.jsonl", #"{"prompt":"Make 4.","completion":"<answer>4</answer>"}"# + "\n")
        return try scratch.file(
            "sft.yaml",
            """
            name: taught
            method: sft
            model: \(EvaluateCommandTests.root.path)/Pretrained/countdown-tiny
            dtype: f32
            dataset: {path: rows.jsonl}
            sft: {batch_size: 1, train_steps: \(steps)}
            """)
    }

    @Test func evaluationsAndSupervisedRunsAreRecordedToo() async throws {
        let scratch = try ScratchFolder()
        let environment = ["HONE_HOME": scratch.url.appending(path: "home").path]
        let recipe = try Self.supervised(scratch, steps: 2)
        let run = scratch.url.appending(path: "run").path
        let trained = try await HoneProgram.run(
            ["train", recipe.path, "--output", run], environment: environment)
        try #require(trained.exitCode == 0, "\(trained.errors)")
        try scratch.file("rewards.yaml", "- {name: length, type: length, min: 1, max: 40}\n")
        let measured = try await HoneProgram.run(
            [
                "evaluate", "--model", run + "/model", "--data",
                scratch.url.appending(path: "rows.jsonl").path, "--rewards",
                scratch.url.appending(path: "rewards.yaml").path, "--max-tokens", "8",
            ], environment: environment)
        try #require(measured.exitCode == 0, "\(measured.errors)")
        let list = try await HoneProgram.run(
            ["runs", "list", "--json"], environment: environment)
        let rows = try list.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(rows.map { $0["method"] } == ["evaluate", "sft"])
        #expect(rows.map { $0["state"] } == ["finished", "finished"])
        let samples = try await HoneProgram.run(
            ["runs", "completions", "evaluate-model", "--json"], environment: environment)
        #expect(samples.output.contains(#""prompt":"#), "\(samples.errors)")
        let shown = try await HoneProgram.run(
            ["runs", "show", "taught"], environment: environment)
        #expect(shown.output.contains("loss"))
    }

    /// Completions with the columns of their rows, metrics and reward functions come back from the folder.
    @Test func aMeasurementIsRestoredFromItsFolder() async throws {
        let scratch = try ScratchFolder()
        let home = scratch.url.appending(path: "home")
        let rows = try scratch.file(
            "rows.jsonl", #"{"prompt":"Make 4.","answer":"4"}"# + "\n")
        let rewards = try scratch.file(
            "rewards.yaml", "- {name: right, type: exact_match, column: answer}\n")
        let model = EvaluateCommandTests.root.appending(path: "Pretrained/countdown-tiny").path
        func hone(_ arguments: [String]) async throws -> String {
            let outcome = try await HoneProgram.run(
                arguments, environment: ["HONE_HOME": home.path])
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return outcome.output
        }
        let evaluate = [
            "evaluate", "--model", model, "--dtype", "f32", "--data", rows.path, "--rewards",
            rewards.path, "--max-tokens", "8", "--samples", "2", "--temperature", "0.7",
        ]
        for _ in 0..<2 { _ = try await hone(evaluate) }
        let names = ["evaluate-countdown-tiny", "evaluate-countdown-tiny-2"]
        #expect(
            try FileManager.default.contentsOfDirectory(
                atPath: home.appending(path: "runs").path
            ).sorted() == names)
        func record() async throws -> [String] {
            var texts: [String] = []
            for name in names {
                texts.append(try await hone(["runs", "completions", name, "--json"]))
                let shown = try JSONValue(
                    parsing: try await hone(["runs", "show", name, "--json"]))
                for key in ["model", "method", "state", "recipe", "facts", "folder"] {
                    texts.append("\(key): \(shown[key]?.text() ?? "none")")
                }
                let measured = shown["evaluations"]?.arrayValue ?? []
                texts += measured.map { $0["metrics"]?.text() ?? "none" }
                let versions = shown["rewards"]?.arrayValue ?? []
                texts += versions.map { "\($0["declaration"]?.text() ?? "none")" }
            }
            return texts
        }
        let before = try await record()
        #expect(before.contains { $0.contains("exact_match") })
        #expect(before[0].split(separator: "\n").count == 2)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(
                at: home.appending(path: "store.sqlite" + suffix))
        }
        // The files it was made from are gone too.
        for file in [rows, rewards] { try FileManager.default.removeItem(at: file) }
        let repaired = try await hone(["runs", "repair"])
        for name in names { #expect(repaired.contains("took in \(name) from"), "\(repaired)") }
        #expect(!repaired.contains("without the columns"))
        let after = try await record()
        for (old, new) in zip(before, after) { #expect(old == new) }
    }

    /// Two processes would write one folder, whatever the method.
    @Test func aRunThatIsTrainedIsNotResumedByAnother() async throws {
        let scratch = try ScratchFolder()
        let environment = ["HONE_HOME": scratch.url.appending(path: "home").path]
        let recipe = try Self.supervised(scratch, steps: 100_000)
        let run = scratch.url.appending(path: "run")
        let arguments = ["train", recipe.path, "--output", run.path]
        let program = try HoneProgram.start(arguments, environment: environment)
        defer { program.kill() }
        try await LiveRewardsCommandTests.wait(for: 1, "step", of: run, program)
        let second = try await HoneProgram.run(arguments + ["--resume"], environment: environment)
        #expect(second.exitCode != 0)
        #expect(second.errors.contains("another process is training"), "\(second.errors)")
        program.kill()
        _ = try await program.outcome()
        let list = try await HoneProgram.run(
            ["runs", "list", "--json"], environment: environment)
        #expect(list.output.split(separator: "\n").count == 1)
    }

    @Test func aDamagedStoreStopsARunBeforeItBeginsAndRepairHelps() async throws {
        let scratch = try ScratchFolder()
        let environment = ["HONE_HOME": scratch.url.appending(path: "home").path]
        try scratch.file("home/store.sqlite", String(repeating: "no database ", count: 1000))
        let recipe = try ResumeTests.recipe(scratch, training: "").path
        let arguments = [
            "train", recipe, "--output", scratch.url.appending(path: "run").path,
            "--set", "grpo.train_steps=1",
        ]
        let refused = try await HoneProgram.run(arguments, environment: environment)
        #expect(refused.exitCode == 65)
        #expect(refused.errors.contains("hone runs repair"))
        let repaired = try await HoneProgram.run(["runs", "repair"], environment: environment)
        #expect(repaired.exitCode == 0 && repaired.output.contains("aside"), "\(repaired.errors)")
        let trained = try await HoneProgram.run(arguments, environment: environment)
        #expect(trained.exitCode == 0, "\(trained.errors)")
    }
}
