import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneRewards

/// Programs of completions against unit tests.
@Suite struct CodeTestsTests {
    static let adds = """
        Here:
        ```python
        def add(a, b):
            return a + b
        ```
        """

    static func assess(
        _ completions: [String], tests: JSONValue, options: JSONObject = [:], timeout: Double = 20
    ) async throws -> [Assessment] {
        var reward = RewardConfig(name: "code", type: "code_tests", options: options)
        reward.timeout = timeout
        reward.options["workers"] = 1
        let rubric = try await RewardLibrary(folder: URL(filePath: "/tmp")).rubric(
            of: [reward], file: "recipe.yaml")
        return await rubric.assess([gradingRequest(completions, columns: ["tests": tests])])[0][0]
    }

    @Test func theShareOfTestsThatPassIsTheScore() async throws {
        let tests: JSONValue = [
            "assert add(1, 2) == 3", "assert add(2, 2) == 5", "assert add('a', 'b') == 'ab'",
            "assert isinstance(add(0.5, 1), float)",
        ]
        let wrong = "```\ndef add(a, b):\n    return 3\n```"
        let said = try await Self.assess(
            [Self.adds, wrong, "no code here", "def add(a, b: return"], tests: tests)
        #expect(said.map(\.value) == [0.75, 0.25, 0, 0])
        #expect(said[0].output == "test 2 of 4: AssertionError: \n")
        let all = try await Self.assess(
            [Self.adds, wrong], tests: tests, options: ["counting": "all"])
        #expect(all.map(\.value) == [0, 0])
        let one = try await Self.assess(
            [Self.adds, wrong], tests: "assert add(1, 1) == 2\nassert add(2, 0) == 2",
            options: ["counting": "all"])
        #expect(one.map(\.value) == [1, 0])
    }

    @Test func aProgramIsJudgedByWhatItPrints() async throws {
        let doubles = "n = int(input())\nprint(n * 2)\nprint('done  ')"
        let tests: JSONValue = [
            ["input": "3\n", "output": "6\ndone\n"], ["input": "4", "output": "8"],
        ]
        let said = try await Self.assess([doubles], tests: tests, options: ["extract": "whole"])
        #expect(said.map(\.value) == [0.5])
        #expect(said[0].output.contains("test 2 of 2: printed '8\\ndone'"))
        // The form of APPS, as text.
        let apps = try await Self.assess(
            ["import sys\nprint(sum(map(int, sys.stdin)))\nsys.exit(0)"],
            tests: #"{"inputs": ["1\n2\n", "5"], "outputs": ["3\n", "6"]}"#,
            options: ["extract": "whole"])
        #expect(apps.map(\.value) == [0.5])
    }

    /// What a program does wrong is its score, not a failure, and the next one is judged as ever.
    @Test(
        arguments: [
            ("while True: pass", "took longer than 1 s"),
            ("import os; os._exit(0)", "the program ended before the test did"),
            ("raise SystemExit", "SystemExit"),
            (
                "import os; os.kill(os.getppid(), 0); os.kill(os.getpid(), 9)",
                "ended before the test"
            ),
            ("x = bytearray(100 << 30)", "MemoryError"),
            ("import sys; sys.setrecursionlimit(10 ** 9)\ndef f(): return f()\nf()", "test 1 of 1"),
            (
                "import builtins; builtins.__import__ = builtins.exec = None; assert 0",
                "test 1 of 1"
            ),
            (
                "import os\nfor n in range(3, 256):\n    os.write(n, b'pass') if n else 0",
                "test 1 of 1"
            ),
            ("class E(BaseException):\n    __str__ = None\nraise E", "an exception that cannot"),
        ])
    func aHostileProgramScoresZero(_ program: String, _ sign: String) async throws {
        let said = try await Self.assess(
            [program, "ok = 1"], tests: ["assert ok"],
            options: ["extract": "whole", "test_timeout": 1])
        #expect(said[0].value == 0, "\(said[0])")
        #expect(said[0].output.contains(sign), "\(said[0].output)")
        #expect(said[1].value == 1)
    }

    @Test func aFloodOfOutputIsCutOff() async throws {
        let said = try await Self.assess(
            ["while True: print('x' * 10000)"], tests: [["input": "", "output": "x"]],
            options: ["extract": "whole"])
        #expect(said[0].value == 0 && said[0].output.contains("printed more than 1048576 bytes"))
    }

    @Test func testsThereIsNoTimeForFail() async throws {
        // Each test takes 1 s of 10 s, a fifth of which is kept for the answer: at most 8 of 24.
        let said = try await Self.assess(
            ["import time"], tests: .array(Array(repeating: "time.sleep(1)", count: 24)),
            options: ["extract": "whole"], timeout: 10)
        let value = try #require(said[0].value)
        #expect(value < 0.5, "\(said[0])")
        #expect(said[0].output.contains("there was no time left for it"))
    }

    @Test func aRowWithoutTestsIsAFailure() async throws {
        #expect(
            try await Self.assess(["a = 1"], tests: [])[0].failure?.message
                .hasPrefix("ValueError: the row has no tests") == true)
        let rubric = try await RewardLibrary(folder: URL(filePath: "/tmp")).rubric(
            of: [RewardConfig(name: "code", type: "code_tests")], file: "recipe.yaml")
        let failure = await rubric.assess([gradingRequest(["a"])])[0][0][0].failure
        #expect(failure?.message.contains("no column \"tests\"") == true)
    }
}
