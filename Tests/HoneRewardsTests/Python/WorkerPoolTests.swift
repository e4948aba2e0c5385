import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct WorkerPoolTests {
    static func loadError(
        _ source: String, function: String = "reward"
    ) async throws -> (message: String, detail: String) {
        let file = try RewardFile(source)
        let error = await #expect(throws: RewardError.self) { try await file.pool([function]) }
        guard case .load(let path, let message, let detail) = error else {
            Issue.record("expected a load error, got \(String(describing: error))")
            return ("", "")
        }
        #expect(path == file.url.path)
        return (message, detail)
    }

    @Test func aMissingFunctionNamesThoseFound() async throws {
        let found = try await Self.loadError(
            """
            from os.path import join

            def rewrad(prompt, completion, example):
                return 1

            limit = 3

            def other(prompt, completion, example):
                return 1
            """)
        #expect(
            found.message
                == "there is no function reward; functions found: rewrad (line 3), other (line 8)")
        let value = try await Self.loadError("limit = 3\n", function: "limit")
        #expect(value.message == "limit is int, not a function")
    }

    @Test func aSyntaxErrorNamesItsLine() async throws {
        let error = try await Self.loadError("x = 1\ndef reward(:\n    pass\n")
        #expect(error.message.hasPrefix("SyntaxError: "))
        #expect(error.message.hasSuffix("(rewards.py:2)"))
    }

    @Test func anErrorWhileLoadingShowsTheTraceback() async throws {
        let error = try await Self.loadError("\nimport no_such_module_anywhere\n")
        #expect(
            error.message
                == "ModuleNotFoundError: No module named 'no_such_module_anywhere' (rewards.py:2)")
        #expect(error.detail.contains("line 2, in <module>"))
        let exit = try await Self.loadError("import os\nos._exit(4)\n")
        #expect(exit.message == "Python ended with exit code 4 while loading the file")
        let leave = try await Self.loadError("import sys\nsys.exit('done')\n")
        #expect(leave.message == "SystemExit: done (rewards.py:2)")
    }

    @Test func aSignatureThatFitsNothingIsRefused() async throws {
        let error = try await Self.loadError("def reward(text):\n    return 1\n")
        #expect(
            error.message
                == "reward(text) can be called neither as (prompt, completion, example) nor as "
                + "(prompts, completions, **columns) nor as (sample, item)")
    }

    @Test func aMissingFileIsNamed() async throws {
        let launch = try RewardFile("").launch()
        await #expect(
            throws: RewardError.load(
                file: "/nowhere/rewards.py", message: "cannot be read: No such file or directory",
                detail: "")
        ) {
            try await WorkerPool(
                launch: launch,
                functions: [
                    WorkerFunction(
                        name: "a", file: "/nowhere/rewards.py", function: "a", timeout: .seconds(1))
                ], count: 1)
        }
    }

    @Test func anInterpreterThatIsNoneIsNamed() async throws {
        #expect(throws: RewardError.self) {
            try PythonInterpreter.locate(declared: "/nowhere/python")
        }
        #expect(
            try PythonInterpreter.locate(declared: nil, environment: ["HONE_PYTHON": "/bin/sh"])
                == "/bin/sh")
        let file = try RewardFile("def reward(prompt, completion, example): return 1\n")
        let error = await #expect(throws: RewardError.self) {
            try await WorkerPool(
                launch: WorkerLaunch(interpreter: "/bin/false"),
                functions: [
                    WorkerFunction(
                        name: "reward", file: file.url.path, function: "reward",
                        timeout: .seconds(1)
                    )
                ], count: 1)
        }
        #expect(
            error
                == .interpreter(
                    path: "/bin/false", message: "the worker ended with exit code 1"))
    }

    @Test func manyGroupsFromManyTasksAllReturn() async throws {
        let file = try RewardFile(
            "def reward(prompt, completion, example):\n    return int(completion)\n")
        let pool = try await file.pool(["reward"], workers: 2)
        let reward = PythonReward(pool, index: 0)
        let sums = await withTaskGroup(of: Bool.self) { tasks in
            for group in 0..<200 {
                tasks.addTask {
                    let completions = (0..<5).map { String(group * 5 + $0) }
                    let values = await reward.assess(gradingRequest(completions)).map(\.value)
                    return values == completions.map { Double($0) }
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(sums.count == 200)
        #expect(sums.allSatisfy { $0 })
        await pool.shutDown()
    }

    @Test func largeTextsPassBothWays() async throws {
        let file = try RewardFile(
            "def reward(prompt, completion, example):\n    print(completion[:50000])\n"
                + "    return len(completion)\n")
        let long = String(repeating: "π", count: 1_000_000)
        let assessments = try await file.assess("reward", [long, "", long])
        #expect(assessments.map(\.value) == [1_000_000, 0, 1_000_000])
        #expect(assessments[0].output.count == 50_001)
    }

    @Test func afterShutDownNothingIsGradedAndNoProcessIsLeft() async throws {
        let file = try RewardFile(
            """
            import os, subprocess

            def reward(prompt, completion, example):
                child = subprocess.Popen(["sleep", "1000"])
                print(os.getpid(), child.pid)
                return 1
            """)
        let pool = try await file.pool(["reward"])
        let reward = PythonReward(pool, index: 0)
        let output = await reward.assess(gradingRequest(["a"]))[0].output
        let processes = output.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        #expect(processes.count == 2)
        await pool.shutDown()
        #expect(await reward.assess(gradingRequest(["a"]))[0].failure?.kind == .unavailable)
        for process in processes { #expect(await isGone(process)) }
    }

    @Test func droppingAPoolEndsItsProcesses() async throws {
        let file = try RewardFile(
            "import os\ndef reward(prompt, completion, example):\n    return os.getpid()\n")
        var pool: WorkerPool? = try await file.pool(["reward"])
        let process = await PythonReward(pool!, index: 0).assess(gradingRequest(["a"]))[0].value
        pool = nil
        #expect(await isGone(Int32(process ?? 0)))
    }

    /// Whether the process has left within 30 seconds; one that has ended but was not yet collected by
    /// the system's first process counts as gone.
    private func isGone(_ process: Int32) async -> Bool {
        for _ in 0..<3000 {
            let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            guard let stat, !stat.contains(") Z") else { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}
