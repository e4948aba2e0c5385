import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Synchronization
import TestSupport
import Testing

@Suite struct RewardLogFileTests {
    static func entry(_ assessment: Assessment, completion: Int = 0) -> RewardLogEntry {
        RewardLogEntry(
            function: "f", step: 3, epoch: 0.5, row: 7, completion: completion,
            assessment: assessment)
    }

    @Test func keepsWhatPrintedFailedOrWasNoNumber() async throws {
        let scratch = try ScratchFolder()
        let url = scratch.url.appending(path: "run/rewards.jsonl")
        let told = Mutex<[String]>([])
        let log = RewardLogFile(url) { message in told.withLock { $0.append(message) } }
        await log.record([Self.entry(Assessment(score: .value(1), seconds: 0.5))])
        #expect(!FileManager.default.fileExists(atPath: url.path))
        let failure = GraderFailure(
            function: "f", kind: .raised, message: "ValueError: x", detail: "trace")
        await log.record([
            Self.entry(Assessment(score: .value(1), output: "hi\n", seconds: 0.5)),
            Self.entry(Assessment(score: .failed(failure)), completion: 1),
            Self.entry(Assessment(score: .value(0), warning: "gave no number"), completion: 2),
        ])
        await log.record([Self.entry(Assessment(score: .value(0), warning: "again"))])
        #expect(
            told.withLock { $0 } == [
                "reward function f gave no number (row 7; all such are in rewards.jsonl)"
            ])
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        let common = "{\"step\":3,\"epoch\":0.5,\"row\":7,\"completion\""
        #expect(
            lines.map(String.init) == [
                common
                    + ":0,\"function\":\"f\",\"score\":1.0,\"output\":\"hi\\n\",\"seconds\":0.5}",
                common
                    + ":1,\"function\":\"f\",\"failure\":\"raised: ValueError: x\",\"detail\":\"trace\"}",
                common + ":2,\"function\":\"f\",\"score\":0.0,\"warning\":\"gave no number\"}",
                common + ":0,\"function\":\"f\",\"score\":0.0,\"warning\":\"again\"}",
            ])
    }

    @Test func aFileThatCannotBeWrittenIsToldOnce() async throws {
        let scratch = try ScratchFolder()
        let blocking = try scratch.file("run", "a file where a folder should be")
        let problems = Mutex<[String]>([])
        let log = RewardLogFile(blocking.appending(path: "rewards.jsonl")) { problem in
            problems.withLock { $0.append(problem) }
        }
        for _ in 0..<2 {
            await log.record([Self.entry(Assessment(score: .value(1), output: "hi"))])
        }
        #expect(problems.withLock { $0.count } == 1)
    }
}
