import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct ExactMatchTests {
    @Test func comparesScalarByScalarAfterStripping() async {
        let columns: JSONObject = ["reference_answer": "Paris"]
        #expect(
            await ExactMatch().values([" Paris\n", "paris", "Paris."], columns: columns)
                == [1, 0, 0])
        // One scalar and two that look the same.
        #expect(
            await ExactMatch().values(["e\u{301}"], columns: ["reference_answer": "\u{E9}"]) == [0])
    }

    @Test func readsTheAnswerWhereItIsDeclared() async {
        var options = ExactMatch.Options()
        options.extraction = .tag("answer", .last)
        options.letterCase = .insensitive
        options.column = "city"
        #expect(
            await ExactMatch(options).values(
                ["<answer>Rome</answer> <answer>PARIS</answer>", "Paris"],
                columns: ["city": "Paris"]) == [1, 0])
    }

    @Test func aListIsNoReference() async {
        #expect(await ExactMatch().values(["a"], columns: ["reference_answer": ["a"]]) == [nil])
        #expect(await ExactMatch().values(["a"], columns: [:]) == [nil])
    }
}

@Suite struct NumericEqualityTests {
    @Test(arguments: [
        ("1234", 1.0), ("1,234", 1), ("1234.0", 1), ("$1,234.00", 1), ("2468/2", 1), ("1.234e3", 1),
        ("+1234.", 1), ("123,400%", 1), ("1233 1/1", 1), ("12,34", 0), ("1235", 0), ("-1234", 0),
        ("\u{2212}1234", 0), ("", 0), ("twelve", 0), ("1234 apples", 0), ("1/0", 0), ("nan", 0),
        ("0x4D2", 0), ("1234 5678", 0),
    ])
    func readsNumbersAsPeopleWriteThem(_ text: String, _ expected: Double) async {
        #expect(
            await NumericEquality().values([text], columns: ["reference_answer": 1234]) == [
                expected
            ])
    }

    @Test func theToleranceIsTheLargerOfBoth() async {
        var options = NumericEquality.Options()
        options.tolerance = 0.5
        options.relativeTolerance = 0.01
        let reward = NumericEquality(options)
        // 1 % of 100 is 1; 1 % of 10 is 0.1, so 0.5 counts.
        #expect(
            await reward.values(["101", "101.1"], columns: ["reference_answer": "100"]) == [1, 0])
        #expect(
            await reward.values(["10.5", "10.6"], columns: ["reference_answer": 10]) == [1, 0])
    }

    @Test(arguments: [
        ("so 3 + 4 = 7.", "7"), ("it costs $1,250.50 today", "1250.5"), ("x=-5", "-5"),
        ("10-5", "5"), ("about 3/4", "3/4"), ("80%", "0.8"), ("(2)-1", "1"), ("5, 6", "6"),
    ])
    func findsTheLastNumber(_ text: String, _ expected: String) async {
        var options = NumericEquality.Options()
        options.extraction = .lastNumber
        #expect(
            await NumericEquality(options).values(
                [text], columns: ["reference_answer": .string(expected)])
                == [1])
    }

    @Test func takesWhatFollowsAMarker() async {
        var options = NumericEquality.Options()
        options.extraction = .after("####")
        #expect(
            await NumericEquality(options).values(
                ["#### 3\n#### 18\nend", "18"], columns: ["reference_answer": 18]) == [1, 0])
    }

    @Test func aReferenceThatIsNoNumberIsAFailure() async {
        #expect(
            await NumericEquality().values(["1"], columns: ["reference_answer": "one"]) == [nil])
    }
}

@Suite struct LengthRewardTests {
    @Test func fallsLinearlyOutsideTheBand() async {
        var options = LengthReward.Options()
        options.minimum = 2
        options.maximum = 4
        options.margin = 4
        // Distances 0, 0, 1, 4, 5, 2.
        #expect(
            await LengthReward(options).values(["ab", "abcd", "abcde", "abcdefgh", "abcdefghi", ""])
                == [1, 1, 0.75, 0, 0, 0.5])
    }

    @Test func countsWordsAsPythonSplits() async {
        var options = LengthReward.Options()
        options.maximum = 2
        options.unit = .words
        #expect(await LengthReward(options).values([" a  b\n", "a b c"]) == [1, 0])
    }
}

extension ExactMatch {
    init(_ options: Options) { self.init(name: "exact_match", options) }
}
extension NumericEquality {
    init(_ options: Options) { self.init(name: "numeric_equality", options) }
}
extension LengthReward {
    init(_ options: Options) { self.init(name: "length", options) }
}
