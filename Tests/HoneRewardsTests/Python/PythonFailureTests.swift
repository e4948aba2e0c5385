import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Testing

/// What a reward function can do wrong, each in the middle of calls that are right.
@Suite struct PythonFailureTests {
    static let source = """
        import ctypes, os, sys, time

        def helper(completion):
            raise ValueError("bad " + completion)

        class Unprintable(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        def recurse(n):
            return recurse(n + 1)

        def reward(prompt, completion, example):
            if completion == "raise":
                helper(completion)
            if completion == "unprintable":
                raise Unprintable()
            if completion == "exit":
                sys.exit(3)
            if completion == "interrupt":
                raise KeyboardInterrupt()
            if completion == "recurse":
                recurse(0)
            if completion == "allocate":
                return len(bytearray(100 << 30))
            if completion == "hang":
                while True:
                    pass
            if completion == "sleep":
                time.sleep(60)
            if completion == "_exit":
                os._exit(3)
            if completion == "segfault":
                ctypes.string_at(0)
            if completion == "kill":
                os.kill(os.getpid(), 9)
            if completion == "close":
                os.closerange(0, 256)
            if completion == "fork":
                if os.fork() == 0:
                    return 99
            if completion == "parent":
                os.kill(os.getppid(), 0)
            return 1
        """

    static func failures(
        _ completions: [String], timeout: Duration = .seconds(10)
    ) async throws -> [Assessment] {
        try await RewardFile(source).assess("reward", completions, timeout: timeout)
    }

    @Test func anExceptionNamesItsTypeFileAndLine() async throws {
        let assessments = try await Self.failures(
            ["ok", "raise", "unprintable", "exit", "interrupt", "recurse", "ok"])
        #expect(assessments.map(\.value) == [1, nil, nil, nil, nil, nil, 1])
        #expect(assessments[1...5].allSatisfy { $0.failure?.kind == .raised })
        let messages = assessments.map { $0.failure?.message ?? "" }
        #expect(messages[1] == "ValueError: bad raise (rewards.py:4)")
        #expect(messages[2].hasPrefix("Unprintable: (its text could not be made: RuntimeError)"))
        #expect(messages[3] == "SystemExit: 3 (rewards.py:19)")
        #expect(messages[4] == "KeyboardInterrupt (rewards.py:21)")
        #expect(messages[5].hasPrefix("RecursionError: "))
        #expect(assessments[1].failure?.detail.contains("in helper") == true)
        #expect(assessments[1].failure?.function == "reward")
    }

    @Test func memoryBeyondTheLimitIsAFailure() async throws {
        let assessments = try await Self.failures(["ok", "allocate", "ok"])
        #expect(assessments.map(\.value) == [1, nil, 1])
        #expect(assessments[1].failure?.kind == .outOfMemory)
    }

    @Test(arguments: ["hang", "sleep"])
    func aMissedDeadlineEndsOnlyItsCall(_ way: String) async throws {
        let begun = ContinuousClock.now
        let assessments = try await Self.failures(
            ["ok", way, "ok", way, "ok"], timeout: .seconds(3))
        #expect(assessments.map(\.value) == [1, nil, 1, nil, 1])
        #expect(assessments[1].failure?.kind == .timedOut)
        #expect(assessments[1].failure?.message == "took longer than 3.0 s")
        // Without a deadline the calls would never end.
        #expect(ContinuousClock.now - begun < .seconds(300))
    }

    @Test(arguments: ["_exit", "segfault", "kill"])
    func aCrashEndsOnlyItsCall(_ way: String) async throws {
        let assessments = try await Self.failures(["ok", way, "ok"])
        #expect(assessments.map(\.value) == [1, nil, 1])
        #expect(assessments[1].failure?.kind == .crashed)
        let part = ["_exit": "exit code 3", "segfault": "signal 11", "kill": "signal 9"][way] ?? ""
        #expect(assessments[1].failure?.message.contains(part) == true)
    }

    @Test func closingEveryDescriptorEndsOnlyItsCall() async throws {
        let assessments = try await Self.failures(["ok", "close", "ok"])
        #expect(assessments.map(\.value) == [1, nil, 1])
        #expect(assessments[1].failure != nil)
    }

    @Test func aForkThatReturnsSaysNothing() async throws {
        let assessments = try await Self.failures(["ok", "fork", "ok"])
        #expect(assessments.map(\.value) == [1, 1, 1])
    }

    @Test func aBrokenFunctionLeavesOthersAlone() async throws {
        let file = try RewardFile(
            Self.source + """


                def steady(prompt, completion, example):
                    return 2
                """)
        let pool = try await file.pool(
            ["reward", "steady"], timeout: .seconds(3), workers: 2)
        let rubric = try Rubric([
            .init(PythonReward(pool, index: 0)), .init(PythonReward(pool, index: 1)),
        ])
        let requests = ["hang", "ok", "_exit", "ok", "raise", "ok"].map { gradingRequest([$0]) }
        let verdicts = try await rubric.grade(requests).map { $0[0] }
        #expect(verdicts.map { $0.reward?.total } == [nil, 3, nil, 3, nil, 3])
        #expect(verdicts.map(\.failure?.kind) == [.timedOut, nil, .crashed, nil, .raised, nil])
        #expect(verdicts.map { $0.components[1].score } == Array(repeating: 2, count: 6))
        await pool.shutDown()
    }

    @Test func aListFunctionThatHangsFailsItsGroupOnly() async throws {
        let file = try RewardFile(
            """
            import time

            def reward(prompts, completions, **columns):
                if "hang" in completions:
                    time.sleep(60)
                return [1] * len(completions)
            """)
        let pool = try await file.pool(["reward"], timeout: .seconds(6))
        let reward = PythonReward(pool, index: 0)
        async let first = reward.assess(gradingRequest(["ok", "hang", "ok"]))
        async let second = reward.assess(gradingRequest(["ok", "ok"]))
        #expect(await first.map(\.failure?.kind) == [.timedOut, .timedOut, .timedOut])
        #expect(await second.map(\.value) == [1, 1])
        await pool.shutDown()
    }
}
