import Foundation
import GRDB
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneStore

/// What no interruption and no neighbour may break.
@Suite(.serialized) struct StoreSurvivalTests {
    /// A process writes steps as fast as it can and is killed at a random instant; the next one goes on.
    @Test func killedAtRandomPointsUnderLoadNothingButTheStepInFlightIsLost() async throws {
        let scratch = try ScratchFolder()
        let (path, log) = (scratch.home.folder.path, scratch.url.appending(path: "log").path)
        var (rounds, killedInStep) = (0, 0)
        for seed in 0..<12 {
            // The process needs some tens of milliseconds to start; then each step takes a few.
            let delay = 20 + 37 * ((seed * 7) % 12) + Int.random(in: 0..<37)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, log = log as String, delay = delay as Int] in
                Thread.detachNewThread {
                    usleep(UInt32(delay) * 1000)
                    kill(getpid(), SIGKILL)
                }
                try await StoreSurvivalTests.writeWithoutEnd(path, log: log)
            }
            guard FileManager.default.fileExists(atPath: scratch.home.database.path) else {
                continue
            }
            // Killed while the tables were made: the next process makes them.
            let store = try Store(scratch.home)
            guard let run = try store.runs().first else { continue }
            rounds += 1
            try StoreCheck(store).expectWhole()
            #expect(run.state == .stopped, "after \(delay) ms")
            let told = try Self.lastLine(log)
            let held = try store.curve(of: "reward", in: run, .training).last?.step ?? 0
            // A step that was said to be recorded is there; at most the one after it is too.
            #expect(held == told || held == told + 1, "after \(delay) ms")
            if held == told + 1 { killedInStep += 1 }
            try Self.expectTexts(store, run, upTo: held)
            try Self.expectEvaluations(store, run, upTo: held)
            let logged = try store.rewardLog(of: run, RewardLogQuery()).map(\.step).max() ?? 0
            #expect(logged == held || logged == held + 1, "after \(delay) ms")
            try store.close()
        }
        #expect(rounds >= 6, "most processes came as far as a step")
    }

    /// Resumes the run in the store at `path` after its last step, and goes on until it is killed.
    static func writeWithoutEnd(_ path: String, log: String) async throws {
        let store = try Store(StoreHome(URL(filePath: path)))
        let held = try store.runs().first?.step ?? 0
        let recorder = StoreRecorder(
            store: store, registration: SampleRun.registration(beginning: .resumed),
            onProblem: { preconditionFailure($0) })
        await recorder.record(.started(SampleRun.description(resumedFrom: held)))
        guard let handle = fopen(log, "a") else { return }
        fputs("\(held)\n", handle)
        fflush(handle)
        // Killed between a step and its evaluation, a run that goes on makes the evaluation.
        await recordEvaluation(recorder, held)
        for step in (held + 1)... {
            await recorder.record([
                RewardLogRow(["step": .int(step), "function": "equation", "output": "said"])
            ])
            await recorder.record(SampleRun.step(step, groups: 8))
            fputs("\(step)\n", handle)
            fflush(handle)
            await recordEvaluation(recorder, step)
            if step % 5 == 0 { await recorder.record(.checkpointed(step: step, path: "/c")) }
        }
    }

    /// After every third step.
    private static func recordEvaluation(_ recorder: StoreRecorder, _ step: Int) async {
        guard step > 0, step % 3 == 0 else { return }
        let samples = SampleRun.completions(step: step, groups: 6).map {
            EvaluationSample($0.rollout, $0.verdict)
        }
        await recorder.record(
            .evaluated(
                EvaluationRecord(step: step, metrics: [("reward", 1)], completions: samples)))
        await recorder.record(
            .rewardsAnswered(
                step: step, RewardAnswer(id: "\(step)-x", asked: .update, state: .refused)))
    }

    private static func lastLine(_ path: String) throws -> Int {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return 0 }
        return text.split(separator: "\n").last.flatMap { Int($0) } ?? 0
    }

    private static func expectTexts(_ store: Store, _ run: StoredRun, upTo last: Int) throws {
        var query = CompletionQuery()
        query.limit = .max
        let records = try store.completions(of: run, query)
        #expect(records.count == last * 32)
        let wrong = records.count {
            $0.completion != SampleRun.text(step: $0.step, place: $0.ordinal)
        }
        #expect(wrong == 0)
        #expect(try store.metrics(of: run, .training).allSatisfy { $0.metrics.count == 3 })
    }

    /// Every third step has an evaluation of 24 completions; the last may have been in flight.
    private static func expectEvaluations(
        _ store: Store, _ run: StoredRun, upTo last: Int
    ) throws {
        var query = CompletionQuery()
        (query.phase, query.limit) = (.evaluation, .max)
        let steps = try store.curve(of: "reward", in: run, .evaluation).map(\.step)
        let due = Array(stride(from: 3, through: last, by: 3))
        #expect(steps == due || steps == due.dropLast())
        let records = try store.completions(of: run, query)
        #expect(records.count == steps.count * 24)
        let wrong = records.count {
            $0.completion != SampleRun.text(step: $0.step, place: $0.ordinal)
        }
        #expect(wrong == 0)
        let answered = try store.rewardTrials(of: run).map(\.step).sorted()
        #expect(answered == steps || answered == steps.dropLast())
    }

    /// A run is deleted in parts; killed between them, what is left is whole and can be deleted again.
    @Test func killedWhileARunIsDeletedNothingOfTheOthersIsLost() async throws {
        let scratch = try ScratchFolder()
        let path = scratch.home.folder.path
        for round in 0..<4 {
            do {
                let store = try Store(scratch.home)
                if round == 0 {
                    try await SampleRun.record("kept", in: store, steps: 20, folder: "/k")
                }
                try await Self.recordEnded(store)
                try store.close()
            }
            let delay = 15 + 12 * round + Int.random(in: 0..<12)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, delay = delay as Int] in
                Thread.detachNewThread {
                    usleep(UInt32(delay) * 1000)
                    kill(getpid(), SIGKILL)
                }
                let store = try Store(StoreHome(URL(filePath: path)))
                try store.delete(try store.run("long"))
                // Deleted before its time came.
                while true { usleep(100_000) }
            }
            let store = try Store(scratch.home)
            let kept = try store.run("kept")
            #expect(try store.completionCount(of: kept, .training).all == 160)
            try StoreCheck(store).expectWhole()
            if let rest = try store.runs().first(where: { $0.name == "long" }) {
                try store.delete(rest)
            }
            #expect(try store.runs().map(\.name) == ["kept"], "after \(delay) ms")
            try StoreCheck(store).expectWhole()
            try store.close()
        }
    }

    private static func recordEnded(_ store: Store) async throws {
        let recorder = try await SampleRun.record("long", in: store, steps: 600, folder: "/long")
        await recorder.record(.finished(step: 600, output: "", metrics: []))
    }

    /// Two processes, each with a run of its own, while this one reads.
    @Test func twoProgramsOnOneStoreDoNotDisturbEachOther() async throws {
        let scratch = try ScratchFolder()
        let path = scratch.home.folder.path
        let writers = Task {
            await withTaskGroup { group in
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String] in
                        try await StoreSurvivalTests.writeRun("first", path)
                    }
                }
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String] in
                        try await StoreSurvivalTests.writeRun("second", path)
                    }
                }
            }
        }
        // Reads see whole steps only, at any time, and never fail.
        let store = try Store(scratch.home)
        for _ in 0..<20 {
            for run in try store.runs() {
                var query = CompletionQuery()
                query.limit = 5000
                let count = try store.completions(of: run, query).count
                #expect(count % 16 == 0)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        await writers.value
        for name in ["first", "second"] {
            let run = try store.run(name)
            #expect(run.state == .finished)
            #expect(run.step == 40)
            #expect(try store.completionCount(of: run, .training).all == 640)
        }
        try StoreCheck(store).expectWhole()
    }

    /// One of two programs that write at once dies, with or without the lock of the database in its hands.
    @Test func aProgramThatIsKilledDoesNotHurtItsNeighbour() async throws {
        let scratch = try ScratchFolder()
        let path = scratch.home.folder.path
        for round in 0..<3 {
            let delay = 60 + 150 * round + Int.random(in: 0..<150)
            await withTaskGroup { group in
                group.addTask {
                    await #expect(processExitsWith: .signal(SIGKILL)) {
                        [path = path as String, delay = delay as Int] in
                        Thread.detachNewThread {
                            usleep(UInt32(delay) * 1000)
                            kill(getpid(), SIGKILL)
                        }
                        for number in 0... {
                            try await StoreSurvivalTests.writeRun("killed-\(number)", path)
                        }
                    }
                }
                group.addTask {
                    await #expect(processExitsWith: .success) {
                        [path = path as String, round = round as Int] in
                        try await StoreSurvivalTests.writeRun("neighbour-\(round)", path)
                    }
                }
            }
            let store = try Store(scratch.home)
            let run = try store.run("neighbour-\(round)")
            #expect(run.state == .finished, "after \(delay) ms")
            #expect(try store.completionCount(of: run, .training).all == 640)
            #expect(try store.runs().allSatisfy { $0.state != .running })
            try StoreCheck(store).expectWhole()
            try store.close()
        }
    }

    /// Another connection is in the middle of a long transaction.
    @Test func aWriterWaitsForItsTurnAndReadersDoNotWait() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let recorder = try await SampleRun.record(in: store, steps: 2)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(
            path: scratch.home.database.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        // A reader that waited would be refused after some time.
        let run = try store.run("sample")
        #expect(try store.completions(of: run, CompletionQuery()).count == 16)
        let writing = Task { await recorder.record(SampleRun.step(3)) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(try store.run("sample").step == 2)
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        await writing.value
        #expect(try store.run("sample").step == 3)
        try other.close()
        try StoreCheck(store).expectWhole()
    }

    static func writeRun(_ name: String, _ path: String) async throws {
        let store = try Store(StoreHome(URL(filePath: path)))
        let recorder = try await SampleRun.record(
            name, in: store, steps: 40, groups: 4, folder: "/nowhere/\(name)")
        await recorder.record(.finished(step: 40, output: "", metrics: []))
    }
}
