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
            ("while True: pass", "took longer than 4 s"),
            ("import os; os._exit(0)", "the program ended before the test did"),
            ("raise SystemExit", "SystemExit"),
            (
                "import os; os.kill(os.getppid(), 0); os.kill(os.getpid(), 9)",
                "ended before the test"
            ),
            ("import os, signal; os.kill(os.getppid(), 9)", "test 1 of 1"),
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
            options: ["extract": "whole", "test_timeout": 4])
        #expect(said[0].value == 0, "\(said[0])")
        #expect(said[0].output.contains(sign), "\(said[0].output)")
        #expect(said[1].value == 1)
    }

    /// None of these knows what `add(1, 2)` is; each tries to pass all the same.
    @Test(
        arguments: [
            """
            class E:
                __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = lambda self, other: True
                __ne__ = lambda self, other: False
                __bool__ = lambda self: True
                __sub__ = __rsub__ = __round__ = lambda self, *other: self
                __abs__ = __iter__ = __float__ = lambda self: self
            def add(a, b): return E()
            """,
            """
            class E(int):
                __eq__ = __lt__ = lambda self, other: True
                __ne__ = lambda self, other: False
                __sub__ = __abs__ = __round__ = lambda self, *other: self
            def add(a, b): return E(0)
            """,
            "import sys; sys.exit(0)", "raise SystemExit(0)", "import os; os._exit(0)",
            "import sys\ndef add(a, b): sys.exit(0)", "import os\ndef add(a, b): os._exit(0)",
            """
            import builtins
            builtins.abs = builtins.round = lambda *_: 3
            builtins.isinstance = lambda *_: True
            builtins.AssertionError = type("Fine", (Exception,), {})
            builtins.__build_class__ = builtins.__import__ = None
            def add(a, b): return 0
            """,
            "def abs(x): return 0\ndef round(*x): return 3\ndef add(a, b): return 99",
            "import unittest.mock\nadd = unittest.mock.MagicMock()",
            "from unittest.mock import _ANY as add",
            "from unittest.mock import ANY\ndef add(a, b): return ANY",
            """
            import os
            print("passed", flush=True)
            for number in range(0, 256):
                try: os.write(number, b"passed")
                except OSError: pass
            def add(a, b): return 0
            """,
            // Looks for the test in frames, in what the collector knows, in files and in other processes.
            """
            import gc, glob, sys
            sign = " ".join(["assert", "add("])
            def add(a, b):
                frame = sys._getframe()
                while frame:
                    for found in list(frame.f_locals.values()) + list(frame.f_globals.values()):
                        if isinstance(found, str) and sign in found and found is not sign: return 3
                    frame = frame.f_back
                return 0
            """,
            """
            import gc
            sign = " ".join(["assert", "add("])
            def add(a, b):
                for found in gc.get_objects():
                    if isinstance(found, (list, tuple, dict)) and any(
                            isinstance(x, str) and sign in x and x is not sign for x in (found.values() if isinstance(found, dict) else found)):
                        return 3
                return 0
            """,
            """
            import glob, os
            sign = b" ".join([b"assert", b"add(1, 2"])
            def add(a, b):
                for name in glob.glob("/proc/[0-9]*"):
                    for part in ("/environ", "/cmdline"):
                        try:
                            if sign in open(name + part, "rb").read(): return 3
                        except OSError: pass
                    try:
                        with open(name + "/maps") as maps, open(name + "/mem", "rb") as memory:
                            if name == "/proc/%d" % os.getpid(): continue
                            for line in maps:
                                if "[heap]" in line or " 00:00 0" in line:
                                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                                    memory.seek(start)
                                    if sign in memory.read(min(end - start, 1 << 24)): return 3
                    except (OSError, ValueError, OverflowError): pass
                return 0
            """,
            "def add(a, b):\n    raise AssertionError", "def add(a, b):\n    raise StopIteration",
            "def add(a, b):\n    return lambda *_: 3",
            "def add(a, b):\n    x = []\n    x.append(x)\n    return x",
            // Writes answers of its own to whoever asks.
            """
            import json, os, struct
            data = json.dumps(["value", True, None]).encode()
            for number in range(3, 64):
                try: os.write(number, (struct.pack(">I", len(data)) + data) * 40)
                except OSError: pass
            """,
        ])
    func aProgramThatDeceivesScoresZero(_ program: String) async throws {
        let said = try await Self.assess(
            [program],
            tests: [
                "assert add(1, 2) == 3", "assert abs(add(1, 2) - 3) < 1e-6",
                "assert not add(1, 2) != 3",
                "assert add(1, 2) in (3,)", "assert round(add(1, 2)) == 3",
                "def check(candidate):\n    assert candidate(1, 2) == 3\ncheck(add)",
            ],
            options: ["extract": "whole", "test_timeout": 5], timeout: 40)
        #expect(said[0].value == 0, "\(said[0])")
    }

    /// What honest programs and tests do with each other across the two processes.
    @Test func honestTestsPassAsInOneProcess() async throws {
        let program = """
            import math
            from collections import Counter, deque
            class Stack:
                def __init__(self): self.items = []
                def push(self, x): self.items.append(x)
                def pop(self): return self.items.pop()
                def __len__(self): return len(self.items)
                def __iter__(self): return iter(self.items)
            class Point:
                def __init__(self, x): self.x = x
                def __eq__(self, other): return self.x == other.x
            class MyError(ValueError): pass
            def bad(): raise MyError("no", 3)
            def count(n):
                for i in range(n): yield i
            def sort(items): items.sort()
            calls = 0
            def call():
                global calls
                calls += 1
            def each(f, xs): return [f(x) for x in xs]
            def all_kinds():
                return (1, [2, {3: {4, 5}}], None, True, 1.5, 2 + 1j, b"x", 10 ** 50, float("inf"), "é", range(3))
            """
        let tests: JSONValue = [
            "s = Stack(); s.push(1); s.push(2)\nassert s.pop() == 2 and len(s) == 1 and list(s) == [1]",
            "assert isinstance(Stack(), Stack) and Stack().items == []",
            "assert Point(1) == Point(1) and Point(1) != Point(2)",
            "try:\n    bad(); assert False\nexcept MyError as e: assert e.args == ('no', 3)",
            "try:\n    bad(); assert False\nexcept ValueError: pass",
            "assert list(count(3)) == [0, 1, 2] and sum(count(4)) == 6",
            "items = [3, 1]; sort(items); assert items == [1, 3]",
            "call(); call(); assert calls == 2",
            "assert math.isclose(math.pi, 3.14159265, rel_tol=1e-6)",
            "assert Counter('aab') == {'a': 2, 'b': 1} and list(deque([1])) == [1]",
            "assert each(lambda x: x + 1, [1, 2]) == [2, 3]",
            "assert all_kinds() == (1, [2, {3: {4, 5}}], None, True, 1.5, 2 + 1j, b'x', 10 ** 50, float('inf'), 'é', range(3))",
            "def check(c):\n    def inner(x): return c(lambda y: y * x, [1])\n    assert inner(5) == [5]\ncheck(each)",
            "try:\n    nothing\n    assert False\nexcept NameError: pass",
        ]
        let said = try await Self.assess(
            [program], tests: tests, options: ["extract": "whole"], timeout: 40)
        #expect(said.map(\.value) == [1], "\(said[0])")
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
