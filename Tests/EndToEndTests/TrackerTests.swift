import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `report: [wandb, mlflow]` with stand-ins that have the libraries' interface.
@Suite struct TrackerTests {
    /// Writes each call as a JSON line into the file that `CALLS` names.
    private static let standIns = [
        "wandb": """
        import json, os
        def note(**call):
            with open(os.environ["CALLS"], "a") as file: file.write(json.dumps(call) + "\\n")
        class Run:
            url = None
            dir = "here"
            def log(self, metrics, step=None): note(call="log", step=step, metrics=metrics)
            def finish(self, exit_code=None): note(call="finish", exit_code=exit_code)
        def init(project=None, name=None, id=None, resume=None, dir=None, config=None):
            print("wandb says hello")
            note(call="init", name=name, id=id, resume=resume, method=config["method"])
            return Run()
        """,
        "mlflow": """
        import json, os
        def note(**call):
            with open(os.environ["CALLS"], "a") as file: file.write(json.dumps(call) + "\\n")
        class Info: run_id = "r1"
        class Run: info = Info()
        def set_experiment(name): note(call="set_experiment", name=name)
        def start_run(run_id=None, run_name=None):
            note(call="start_run", run_id=run_id, run_name=run_name)
            return Run()
        def log_params(params): note(call="log_params", rank=params["grpo.num_generations"])
        def log_metrics(metrics, step=None): note(call="log", step=step, metrics=metrics)
        def get_tracking_uri(): return "file:here"
        def end_run(status): note(call="end_run", status=status)
        class Metric:
            def __init__(self, step): self.step = step
        class Data: pass
        class MlflowClient:
            def logged(self, run_id):
                assert run_id == "r1"
                with open(os.environ["CALLS"]) as file: calls = [json.loads(line) for line in file]
                return [call for call in calls if call["call"] == "log"]
            def get_run(self, run_id):
                found = Run()
                found.data = Data()
                found.data.metrics = {}
                for call in self.logged(run_id): found.data.metrics.update(call["metrics"])
                return found
            def get_metric_history(self, run_id, key):
                calls = self.logged(run_id)
                return [Metric(call["step"]) for call in calls if key in call["metrics"]]
        """,
        // What mlflow keeps its database with; its small edition comes without.
        "sqlalchemy": "",
        "skinny/mlflow": """
        import json, os
        def note(**call):
            with open(os.environ["CALLS"], "a") as file: file.write(json.dumps(call) + "\\n")
        class Info: run_id = "r2"
        class Run: info = Info()
        def set_tracking_uri(uri):
            note(call="set_tracking_uri", uri=uri, allowed=os.environ["MLFLOW_ALLOW_FILE_STORE"])
        def set_experiment(name): pass
        def start_run(run_id=None, run_name=None): return Run()
        def log_params(params): pass
        def log_metrics(metrics, step=None): note(call="log", names=list(metrics))
        def get_tracking_uri(): return "file:here"
        def end_run(status): note(call="end_run", status=status)
        """,
        "raising/wandb": """
        class Run:
            dir = "here"
            def log(self, metrics, step=None): raise RuntimeError("no route to host")
            def finish(self, exit_code=None): import os; os._exit(3)
        def init(**options): return Run()
        """,
        "dying/wandb": """
        import os, signal
        class Run:
            dir = "here"
            def log(self, metrics, step=None): os.kill(os.getpid(), signal.SIGKILL)
        def init(**options): return Run()
        """,
    ]

    private static func run(
        _ report: String, modules: String = "", _ scratch: ScratchFolder, extra: [String] = []
    ) async throws -> (outcome: HoneProgram.Outcome, calls: [JSONValue], folder: URL) {
        for (name, text) in standIns { try scratch.file("modules/\(name).py", text) }
        let folder = scratch.url.appending(path: "run")
        let calls = scratch.url.appending(path: "calls.jsonl")
        let recipe = try ResumeTests.recipe(
            scratch, training: "report: [\(report)]")
        let outcome = try await HoneProgram.run(
            ["train", recipe.path, "--output", folder.path, "--set", "grpo.train_steps=2"] + extra,
            environment: [
                "PYTHONPATH": scratch.url.appending(path: "modules/\(modules)").path,
                "CALLS": calls.path,
            ])
        let text = (try? String(contentsOf: calls, encoding: .utf8)) ?? ""
        return (
            outcome, try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) },
            folder
        )
    }

    @Test func weightsAndBiasesGetsEveryStepAndAResumedRunItsName() async throws {
        let scratch = try ScratchFolder()
        let first = try await Self.run("wandb", scratch)
        try #require(first.outcome.exitCode == 0, "\(first.outcome.errors)")
        #expect(first.calls.map { $0["call"] } == ["init", "log", "log", "finish"])
        #expect(first.calls[0]["method"] == "grpo")
        #expect(first.calls[1]["step"] == 1)
        #expect(first.calls[1]["metrics"]?["reward"]?.doubleValue != nil)
        #expect(first.calls[3]["exit_code"] == 0)
        let log = first.folder.appending(path: "trackers/wandb.log")
        #expect(try String(contentsOf: log, encoding: .utf8).contains("wandb says hello"))

        let second = try await Self.run("wandb", scratch, extra: ["--resume"])
        try #require(second.outcome.exitCode == 0, "\(second.outcome.errors)")
        #expect(second.calls[4]["call"] == "init")
        #expect(second.calls[4]["id"] == first.calls[0]["id"])
    }

    @Test func mlflowGetsParametersMetricsAndTheEnd() async throws {
        let (outcome, calls, _) = try await Self.run("mlflow", ScratchFolder())
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(
            calls.map { $0["call"] } == [
                "set_experiment", "start_run", "log_params", "log", "log", "end_run",
            ])
        #expect(calls[2]["rank"] == "4")
        #expect(calls[5]["status"] == "FINISHED")
    }

    /// MLflow's history keeps each value it is given, so a step made a second time would show twice.
    @Test func mlflowIsNotToldAgainWhatAResumedRunMakesAgain() async throws {
        let scratch = try ScratchFolder()
        let first = try await Self.run("mlflow", scratch)
        try #require(first.outcome.exitCode == 0, "\(first.outcome.errors)")
        // As if it had been killed after step 2 and before its first checkpoint.
        for name in ["checkpoints", "model"] {
            try FileManager.default.removeItem(at: first.folder.appending(path: name))
        }
        let second = try await Self.run(
            "mlflow", scratch, extra: ["--set", "grpo.train_steps=3", "--resume"])
        try #require(second.outcome.exitCode == 0, "\(second.outcome.errors)")
        #expect(try ResumeTests.steps(first.folder).map { $0["step"] } == [1, 2, 3])
        let later = second.calls.dropFirst(first.calls.count)
        #expect(later.map { $0["call"] } == ["set_experiment", "start_run", "log", "end_run"])
        #expect(later.map { $0["run_id"] }.contains("r1"))
        #expect(second.calls.filter { $0["call"] == "log" }.map { $0["step"] } == [1, 2, 3])
    }

    /// What was still on its way to the library when the run was killed comes from the run's own record.
    @Test func mlflowGetsFromAResumedRunWhatItMissed() async throws {
        let scratch = try ScratchFolder()
        let evaluation = ["--set", "evaluation={every: 2, rows: 2}"]
        let first = try await Self.run("mlflow", scratch, extra: evaluation)
        try #require(first.outcome.exitCode == 0, "\(first.outcome.errors)")
        // As if the library had taken nothing after step 1.
        let lost = first.calls.filter { $0["call"] != "log" || $0["step"] == 1 }
        try scratch.file("calls.jsonl", lost.map { $0.text() + "\n" }.joined())
        let second = try await Self.run(
            "mlflow", scratch, extra: evaluation + ["--set", "grpo.train_steps=3", "--resume"])
        try #require(second.outcome.exitCode == 0, "\(second.outcome.errors)")
        let logged = second.calls.filter { $0["call"] == "log" }
        #expect(logged.map { $0["step"] } == [1, 0, 2, 2, 3, 3])
        let before = first.calls.filter { $0["call"] == "log" && $0["step"] != 1 }
        let missed = logged.dropFirst().prefix(3)
        #expect(missed.map { $0["metrics"] } == before.map { $0["metrics"] })
    }

    /// Reward names may hold what MLflow refuses, and it refuses all metrics of a call together.
    @Test func mlflowWithoutDatabaseKeepsFilesInTheRunsFolder() async throws {
        let scratch = try ScratchFolder()
        let (outcome, calls, folder) = try await Self.run(
            "mlflow", modules: "skinny", scratch,
            extra: ["--set", "rewards=[{name: a(b)*, type: length, max: 40, margin: 20}]"])
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        try #require(calls.map { $0["call"] } == ["set_tracking_uri", "log", "log", "end_run"])
        let place = folder.appending(path: "trackers/mlruns").path
        #expect(calls[0]["uri"]?.stringValue?.hasPrefix("file://") == true)
        #expect(calls[0]["uri"]?.stringValue?.hasSuffix(place) == true)
        #expect(calls[0]["allowed"] == "true")
        let names = calls[1]["names"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(names.contains("rewards/a_b__/mean"))
    }

    @Test func anAbsentLibraryIsNamedAndTheRunGoesOn() async throws {
        // The empty folder `raising` has no mlflow, and the interpreter has none either.
        let (outcome, _, _) = try await Self.run("mlflow", modules: "raising", ScratchFolder())
        #expect(outcome.exitCode == 0)
        #expect(outcome.errors.contains("mlflow: No module named 'mlflow'; install it with"))
    }

    @Test func aProcessKilledInTheMiddleCostsTheRunNothing() async throws {
        let scratch = try ScratchFolder()
        let (outcome, _, folder) = try await Self.run("wandb", modules: "dying", scratch)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("wandb: its process was ended by signal 9"))
        #expect(try ResumeTests.steps(folder).count == 2)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "model").path))
    }

    @Test func aLibraryThatFailsOrDiesHurtsOnlyItself() async throws {
        let scratch = try ScratchFolder()
        let (outcome, _, folder) = try await Self.run("wandb", modules: "raising", scratch)
        #expect(outcome.exitCode == 0)
        #expect(outcome.errors.contains("wandb: RuntimeError: no route to host"))
        #expect(outcome.errors.contains("its process ended with code 3"))
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "model").path))
    }
}
