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
        for step in (held + 1)... {
            await recorder.record([
                RewardLogRow(["step": .int(step), "function": "equation", "output": "said"])
            ])
            await recorder.record(SampleRun.step(step, groups: 8))
            fputs("\(step)\n", handle)
            fflush(handle)
            if step % 5 == 0 { await recorder.record(.checkpointed(step: step, path: "/c")) }
        }
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

    static func writeRun(_ name: String, _ path: String) async throws {
        let store = try Store(StoreHome(URL(filePath: path)))
        let recorder = try await SampleRun.record(
            name, in: store, steps: 40, groups: 4, folder: "/nowhere/\(name)")
        await recorder.record(.finished(step: 40, output: "", metrics: []))
    }
}
