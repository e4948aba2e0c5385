import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct PythonRewardTests {
    @Test func callsOncePerCompletionWithColumnsAsStrings() async throws {
        let file = try RewardFile(
            """
            def reward(prompt, completion, example):
                assert prompt == "Say it.", prompt
                expected = {
                    "i": "3", "f": "2.5", "b": "True", "n": "None", "s": "it's",
                    "l": "[1, 'a', None, False]", "d": "{'k': [1.0]}",
                }
                assert example == expected, example
                example.clear()
                return len(completion)
            """)
        let assessments = try await file.assess(
            "reward", ["", "é", "ab"],
            columns: [
                "i": 3, "f": 2.5, "b": true, "n": nil, "s": "it's",
                "l": [1, "a", nil, false], "d": ["k": [1.0]],
            ])
        #expect(assessments.map(\.value) == [0, 1, 2])
        #expect(assessments.allSatisfy { $0.seconds != nil && $0.output.isEmpty })
    }

    @Test func severalFunctionsOfAFileRunWhateverTheirForm() async throws {
        let file = try RewardFile(
            """
            import functools

            def doubled(function):
                @functools.wraps(function)
                def wrapper(*arguments, **options):
                    return 2 * function(*arguments, **options)
                return wrapper

            @doubled
            def decorated(prompt, completion, example):
                return len(completion)

            def defaulted(prompt, completion, example, factor=3):
                return factor * len(completion)

            async def waiting(prompt, completion, example):
                import asyncio
                await asyncio.sleep(0)
                return 4 * len(completion)

            def by_name(completion, example, prompt):
                return 5.0 * len(completion)

            class Scorer:
                def __call__(self, p, c, e):
                    return 6 * len(c)

            scorer = Scorer()
            anonymous = lambda p, c, e: len(c) > 1
            """)
        let names = ["decorated", "defaulted", "waiting", "by_name", "scorer", "anonymous"]
        let pool = try await file.pool(names)
        var values: [Double?] = []
        for index in names.indices {
            values += await PythonReward(pool, index: index)
                .assess(gradingRequest(["ab"])).map(\.value)
        }
        #expect(values == [4, 6, 8, 10, 12, 1])
        await pool.shutDown()
    }

    @Test func trlsListSignatureIsCalledOncePerGroupWithTypedColumns() async throws {
        let file = try RewardFile(
            """
            def reward(completions, nums, prompts, trainer_state, **columns):
                assert prompts == ["Say it."] * 3
                assert nums == [[1, 2]] * 3
                assert columns["target"] == [3] * 3
                assert "prompt" not in columns and trainer_state.global_step == 0
                return [1, None, "x"]
            """)
        let assessments = try await file.assess(
            "reward", ["a", "b", "c"], columns: ["nums": [1, 2], "target": 3, "prompt": "p"])
        #expect(assessments[0].value == 1)
        #expect(assessments[1].score == .abstained)
        #expect(assessments[2].value == 0)
        #expect(assessments[2].warning == "returned 'x' (str), which is no number; counted as 0")
    }

    @Test func trlsListSignatureSeesConversationsAsMessages() async throws {
        let file = try RewardFile(
            """
            def reward(prompts, completions, **columns):
                assert prompts[0] == [{"role": "user", "content": "Hi"}], prompts
                return [len(c[0]["content"]) if c[0]["role"] == "assistant" else -1 for c in completions]
            """)
        let pool = try await file.pool(["reward"])
        let row = DatasetRow(
            index: 0, prompt: .messages([ChatMessage(role: "user", content: "Hi")]), columns: [:])
        let scores = await PythonReward(pool, index: 0).score(
            GradingRequest(row: row, prompt: "<user>Hi", completions: ["abc"]))
        #expect(scores == [.value(3)])
        await pool.shutDown()
    }

    @Test func aListOfTheWrongLengthFailsTheGroup() async throws {
        let file = try RewardFile("def reward(prompts, completions):\n    return [1]\n")
        let assessments = try await file.assess("reward", ["a", "b"])
        #expect(
            assessments.map(\.failure?.message)
                == Array(
                    repeating: "ValueError: returned 1 rewards for 2 completions", count: 2))
    }

    @Test func whatIsNoNumberCountsAsZeroAndIsReported() async throws {
        let file = try RewardFile(
            """
            def reward(prompt, completion, example):
                return {"none": None, "text": "1.0", "list": [1], "complex": 1j}[completion]
            """)
        let assessments = try await file.assess("reward", ["none", "text", "list", "complex"])
        #expect(assessments.map(\.value) == [0, 0, 0, 0])
        #expect(
            assessments.map(\.warning) == [
                "returned None (NoneType), which is no number; counted as 0",
                "returned '1.0' (str), which is no number; counted as 0",
                "returned [1] (list), which is no number; counted as 0",
                "returned 1j (complex), which is no number; counted as 0",
            ])
    }

    @Test func numbersOfOtherTypesCount() async throws {
        let file = try RewardFile(
            """
            from decimal import Decimal
            from fractions import Fraction

            class Hostile:
                def __float__(self):
                    raise RuntimeError("no")

            def reward(prompt, completion, example):
                return {
                    "bool": True, "decimal": Decimal("0.5"), "fraction": Fraction(1, 4),
                    "nan": float("nan"), "inf": float("-inf"), "huge": 10 ** 400,
                    "hostile": Hostile(),
                }[completion]
            """)
        let assessments = try await file.assess(
            "reward", ["bool", "decimal", "fraction", "nan", "inf", "huge", "hostile"])
        #expect(assessments.map(\.value) == [1, 0.5, 0.25, nil, nil, nil, nil])
        #expect(
            assessments.map(\.failure?.kind) == [
                nil, nil, nil, .notFinite, .notFinite, .notFinite, .raised,
            ])
    }

    @Test func printsAreCapturedWithTheCallThatMadeThem() async throws {
        let file = try RewardFile(
            """
            import os, subprocess, sys
            print("loading")

            def reward(prompt, completion, example):
                if completion == "loud":
                    print("hello", completion)
                    print("oops", file=sys.stderr)
                    sys.stdout.buffer.write(b"bytes\\n")
                if completion == "closing":
                    sys.stdout.close()
                    sys.stdout = None
                if completion == "past":
                    os.write(1, b"[1,0,99.0,1]\\n")
                    subprocess.run(["echo", "child"])
                if completion == "flood":
                    for _ in range(200):
                        print("x" * 9999)
                return 1
            """)
        let pool = try await file.pool(["reward"])
        #expect(pool.output == "loading\n")
        let assessments = await PythonReward(pool, index: 0).assess(
            gradingRequest(["loud", "quiet", "closing", "loud", "past", "flood", "quiet"]))
        await pool.shutDown()
        #expect(assessments.map(\.value) == Array(repeating: 1, count: 7))
        let loud = "hello loud\noops\nbytes\n"
        #expect(assessments[..<5].map(\.output) == [loud, "", "", loud, ""])
        #expect(assessments[5].output.hasSuffix("\n… 1934464 more characters"))
        #expect(assessments[6].output == "")
    }

    @Test func standardInputIsEmpty() async throws {
        let file = try RewardFile(
            """
            import sys

            def reward(prompt, completion, example):
                return len(sys.stdin.read()) + len(open(0, closefd=False).read())
            """)
        #expect(try await file.assess("reward", ["a", "b"]).map(\.value) == [0, 0])
    }

    @Test func onlyDeclaredSecretsAreSeen() async throws {
        let file = try RewardFile(
            """
            import os

            def reward(prompt, completion, example):
                return float(os.environ.get(completion, "0"))
            """)
        let launch = WorkerLaunch(
            interpreter: try PythonInterpreter.locate(declared: nil), variables: ["DECLARED"],
            inherited: ProcessInfo.processInfo.environment.merging(
                ["DECLARED": "7", "SECRET": "8"]) { $1 })
        let pool = try await WorkerPool(
            launch: launch,
            functions: [
                WorkerFunction(
                    name: "reward", file: file.url.path, function: "reward", timeout: .seconds(5))
            ], count: 1)
        let scores = await PythonReward(pool, index: 0).score(
            gradingRequest(["DECLARED", "SECRET"]))
        await pool.shutDown()
        #expect(scores == [.value(7), .value(0)])
    }
}
