import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct CountdownEquationTests {
    static func score(_ equation: String, _ numbers: JSONValue, _ target: JSONValue) async
        -> Double?
    {
        await CountdownEquation().values(
            ["x</think>\n<answer>\(equation)</answer>"],
            columns: ["nums": numbers, "target": target])[0]
    }

    @Test(arguments: ["1 + 2 * 3", " (1+2*3) ", "3*2--1", "+1+2*3", "1.+2*3", "(1\n+2*3)"])
    func equationsThatHitTheTargetScoreOne(_ equation: String) async {
        #expect(await Self.score(equation, [1, 2, 3], 7) == 1)
    }

    @Test(arguments: [
        "1 + 2 + 3",  // another value
        "7",  // not the numbers
        "1 + 2 * 3 + 0",  // a number more
        "1 + 6",  // a number that is not given
        "3 ** 2 - 2",  // no such operator
        "1 + 2 * 3 = 7", "1 + 2 *", "(1 + 2 * 3", "1 2 3", "", "()", "1\n+2*3", "01 + 2 * 3",
        "1.0 + 2 * 3", "１ + 2 * 3", "import os", "1 / (2 - 2) * 3",
    ])
    func everythingElseScoresZero(_ equation: String) async {
        #expect(await Self.score(equation, [1, 2, 3], 7) == 0)
    }

    @Test func divisionIsExact() async {
        // 8 / (3 − 8/3) = 24: with rounded thirds it is 23.999999999999989.
        #expect(await Self.score("8 / (3 - 8 / 3)", [3, 3, 8, 8], 24) == 1)
        #expect(await Self.score("1 / 3 + 1 / 3 + 1 / 3", [1, 1, 1, 3, 3, 3], 1) == 1)
        // A point does not join two given numbers, though AgileRL's check of digits lets it.
        #expect(await Self.score("1.5", [1, 5], 1.5) == 0)
        #expect(await Self.score("1.5 * 2", [1.5, 2], 3) == 1)
        #expect(await Self.score("1 / (5 - 5)", [1, 5, 5], 0) == 0)
    }

    @Test func nestingDeeperThanPythonAllowsIsWrong() async {
        let deep = String(repeating: "(", count: 201) + "1" + String(repeating: ")", count: 201)
        #expect(await Self.score(deep, [1], 1) == 0)
        #expect(await Self.score(String(deep.dropFirst().dropLast()), [1], 1) == 1)
        let signs = String(repeating: "-", count: 100_000) + "1"
        #expect(await Self.score(signs, [1], 1) == 1)
    }

    @Test func moreThanOneAnswerIsWrong() async {
        let columns: JSONObject = ["nums": [1], "target": 1]
        let reward = CountdownEquation()
        #expect(
            await reward.values(
                ["<answer>1</answer><answer>1</answer>", "<answer>1", "1"], columns: columns)
                == [0, 0, 0])
    }

    @Test func columnsMayBeTheTextOfACSVFile() async {
        #expect(await Self.score("19 + 36", "[19, 36]", "55") == 1)
        #expect(await Self.score("19 + 36", "19 36", 55.0) == 1)
    }

    @Test func aRowWithoutItsColumnsIsAFailureThatNamesThem() async {
        let request = gradingRequest(["<answer>1</answer>"], columns: ["numbers": [1]])
        guard case .failed(let failure) = await CountdownEquation().score(request)[0] else {
            Issue.record("expected a failure")
            return
        }
        #expect(failure.message == "row 0 has no column \"nums\"; it has: numbers")
        #expect(await Self.score("1", "one", 1) == nil)
        #expect(await Self.score("1", [1], nil) == nil)
    }
}
