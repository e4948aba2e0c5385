import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

/// A short text, repeated.
private func many(_ text: String, _ count: Int = 3900) -> String {
    String(repeating: text, count: count)
}

/// A text of any length, of which the name of a test shows the beginning.
struct LongText: CustomTestStringConvertible {
    let text: String

    var testDescription: String {
        "\(text.prefix(40))" + (text.count > 40 ? "… (\(text.count) characters)" : "")
    }
}

/// What a policy may write to bring a grader down, and what a recipe may ask of one.
@Suite struct HostileAnswerTests {
    /// What `body` gives, once it is known to have taken little work.
    static func quickly<Result>(
        _ what: String, within limit: Double = 20, _ body: () throws -> Result
    ) rethrows -> Result {
        Damage.note(what)
        let begun = Damage.processorSeconds()
        let result = try body()
        let seconds = Damage.processorSeconds() - begun
        #expect(seconds < limit, "\(what.prefix(60)) took \(seconds) s")
        return result
    }

    @Test(arguments: hostileMathematics.map { LongText(text: $0) })
    func mathematicsOfAnyShapeIsComparedInBoundedTime(_ long: LongText) {
        let text = long.text
        Self.quickly(text) {
            #expect(!MathEquality(reference: "-7.25").holds(for: text))
            _ = MathEquality(reference: text).holds(for: "x=1,2")
            _ = MathEquality(reference: text).holds(for: text + " ")
            _ = MathEquality(reference: "\\{" + text + "\\}").holds(for: "\\{1," + text + "\\}")
        }
    }

    /// What follows the last formula may announce another one that never comes.
    @Test(arguments: [
        "$1$,", "$1$ and", "$1$ and ", "$1$ or ", "\\(1\\), and", "\\boxed{1},", "$$1$$ ,\n",
    ])
    func aTextMayEndInAConnector(_ text: String) {
        #expect(MathEquality(reference: "1").holds(for: text))
    }

    private static let pieces = [
        "\\frac", "\\sqrt", "{", "}", "(", ")", "[", "]", "\\{", "\\}", "1", "23", "0.5", ",", ";",
        "x", "f(", "+",
        "-", "*", "/", "^", "_", "!", "%", "|", "=", "<", "\\le ", "\\ne ", "\\cup ", "\\cap ",
        "\\setminus ", "\\pm ",
        "\\mp ", "\\infty ", "\\pi ", "e", "i", "\\sin ", "\\log_", "\\ln ", "\\sum_{k=1}^{3}",
        "\\prod_{j=1}^{9}",
        "\\begin{pmatrix}", "\\end{pmatrix}", "&", "\\\\", "\\text{ a }", "\\mathrm{m}", "$", "$$",
        "\\boxed{",
        "\\gcd(", "\\binom{", "\\overline{", " and ", " or ", "answer is ", "final answer is ",
        "I hope", "\n", " ",
        "\\in ", "\\mathbb{R}", "'", ".", "...", "999999999999999999999", "\\circ", "\\lfloor ",
        "\\rfloor ", "cm", "é",
    ]

    @Test func brokenMathematicsIsComparedInBoundedTime() {
        Damage.cases(400) { damage in
            func text(_ damage: inout Damage) -> String {
                (0..<Int.random(in: 1...40, using: &damage)).map { _ in
                    Self.pieces.randomElement(using: &damage) ?? ""
                }.joined()
            }
            let (reference, answer) = (text(&damage), text(&damage))
            Self.quickly(reference + "\n---\n" + answer) {
                _ = MathEquality(reference: reference).holds(for: answer)
                _ = MathEquality(reference: reference).holds(for: reference + "+0")
            }
        }
    }

    @Test func aSchemaThatRefersToItselfEnds() throws {
        for schema in [
            ["$ref": "#"], ["anyOf": [["$ref": "#"], ["$ref": "#"]]],
            ["allOf": [["$ref": "#/allOf/1"], ["$ref": "#/allOf/0"]]],
            ["not": ["$ref": "#"]], ["oneOf": [["$ref": "#"], ["$ref": "#"], ["$ref": "#"]]],
            ["if": ["$ref": "#"], "then": ["$ref": "#"], "else": ["$ref": "#"]],
        ] as [JSONValue] {
            let schema = try JSONSchema(schema)
            Self.quickly(schema.source.text()) { #expect(!schema.accepts(["a": [1, 2]])) }
        }
        let twice = try JSONSchema(["anyOf": [["$ref": "#"], ["$ref": "#"]]])
        #expect(twice.outcome(for: 1) == .givenUp)
        // A schema of trees is no such schema.
        let tree = try JSONSchema(
            [
                "type": "object",
                "additionalProperties": ["anyOf": [["$ref": "#"], ["type": "null"]]],
            ])
        #expect(tree.accepts(["a": ["b": ["c": nil]], "d": [:]]))
        #expect(!tree.accepts(["a": ["b": 1]]))
    }

    @Test func checksThatAreGivenUpAreFailures() async {
        var options = JSONSchemaReward.Options()
        options.column = "schema"
        let reward = JSONSchemaReward(options)
        let scores = await reward.score(
            gradingRequest(
                ["1", "no JSON"],
                columns: ["schema": ["anyOf": [["$ref": "#"], ["$ref": "#"]]]]))
        guard case .failed(let failure) = scores[0] else {
            Issue.record("\(scores)")
            return
        }
        #expect(failure.kind == .timedOut && scores[1] == .value(0))
    }

    @Test func theSmallestIntegerHasARemainder() throws {
        let schema = try JSONSchema(["multipleOf": -1])
        #expect(schema.accepts(.int(.min)))
        #expect(try JSONSchema(["type": "integer"]).accepts(.double(1e300)))
        for text in [
            "-9223372036854775808", "1e999", "-1e999", "NaN", "1e-999", "9223372036854775808",
        ] {
            _ = schema.accepts(try JSONValue(parsing: text))
        }
    }

    @Test(arguments: ambiguousPatterns.map { ($0, LongText(text: $1)) })
    func ambiguousPatternsAreGivenUp(_ pattern: String, _ long: LongText) throws {
        let text = long.text
        let pattern = try RewardPattern(pattern)
        let matches = Self.quickly(pattern.source, within: 60) {
            pattern.matches(in: Array(text.utf8))
        }
        #expect(matches == nil || matches?.isEmpty == true)
    }

    @Test func longTextsAreSearchedWhole() throws {
        // Matches on both sides of the places where the search goes on.
        let text = Array((many("é", 100) + "needle" + many("x", 63) + "needle").utf8)
        let found = try #require(try RewardPattern("needle").matches(in: text))
        #expect(found.map { $0[0] } == [200..<206, 269..<275])
        #expect(try RewardPattern("(?<=x)needle$").matches(in: text)?.count == 1)
        #expect(try RewardPattern("\\bneedle\\b").matches(in: text)?.isEmpty == true)
        #expect(
            try RewardPattern("x*").matches(in: Array("ax".utf8))?.map { $0[0] } == [
                0..<0, 1..<2, 2..<2,
            ])
        #expect(try RewardPattern("(?m)^x.*$").matches(in: Array("a\nx1\nx2".utf8))?.count == 2)
    }

    @Test func scoresBeyondEverySumAreFailures() async throws {
        let scores: [Double] = [1e308, -1e308, .infinity, .nan, 1, 1e99]
        let reward = ScriptedScores(scores)
        let rubric = try Rubric([.init(reward, weight: 1)])
        let assessed = await rubric.assess([gradingRequest(scores.map { "\($0)" })])[0][0]
        #expect(assessed.map(\.value) == [nil, nil, nil, nil, 1, 1e99])
        #expect(assessed[0].failure?.kind == .notFinite)
        // A histogram of what is far apart has bins all the same.
        var distribution = ScoreDistribution()
        for score in scores.filter(\.isFinite) + (0..<40).map(Double.init) {
            distribution.add(score)
        }
        let bins = distribution.histogram()
        #expect(bins.map(\.count).reduce(0, +) == 44)
    }

    @Test func numbersBeyondDoublesAreNone() {
        for text in [
            "1e999", "-1e999", "1e308/1e-308", "1e999%", "nan", "inf", "0x10", many("9", 5000),
        ] {
            #expect(WrittenNumber.value(of: text) == nil, "\(text.prefix(20))")
        }
    }

    @Test func arithmeticOfAnyShapeIsReadInBoundedTime() {
        let texts: [String] = [
            many("(", 1_000_000), many("(", 100_000) + "1" + many(")", 100_000),
            many("-", 100_000) + "1",
            many("1+", 100_000) + "1", many("9", 100_000),
            "170141183460469231731687303715884105727*2", "1/0", "1/(1-1)",
            "0.0000000000000000000000000000000000000000001", many("1/3+", 1000) + "1", "9**9**9**9",
            "\u{0}",
        ]
        for text in texts {
            Self.quickly(text) { _ = try? ArithmeticExpression(text) }
        }
    }

    @Test func formulasOfAnyShapeAreReadInBoundedTime() {
        let texts: [String] = [
            many("(", 100_000), many("-", 100_000), many("min(", 100_000),
            many("1^", 100_000) + "1", "1/0", "9^9^9^9",
            many("a+", 20_000) + "a", "1e999", "min()", "²", "1²",
        ]
        for text in texts {
            Self.quickly(text) { _ = try? GraderFormula(text) }
        }
    }

    @Test func retryAfterIsBounded() {
        for text in [
            "1e300", "1e21", "inf", "nan", "-5", "99999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            let seconds = RetryAfter.seconds(text)
            #expect(seconds.map { (0...31_536_000).contains($0) } ?? true, "\(text)")
        }
    }
}

/// Gives the scores it was made with.
private struct ScriptedScores: RewardFunction {
    let name = "scripted"
    let scores: [Double]

    init(_ scores: [Double]) { self.scores = scores }

    func score(_ request: GradingRequest) async -> [Score] { scores.map(Score.value) }
}

private let hostileMathematics: [String] = [
    "9**9**9**9", "1/0", "0^{-1}", "\\gcd(\\infty, 3)", "\\gcd(10^{400}, 3)",
    "\\text{lcm}(10^{400}, 10^{300})", "gcd(inf, inf)", "\\binom{10^{300}}{10^{299}}", "10^{400}!",
    "(10^{300})!", many("f("), many("f(", 60), many("g(1,", 60), many("f(h(", 40),
    many("(", 1900) + "1",
    many("(", 1900) + "1" + many(")", 1900), many("[", 1900), many("\\{"), many("|"),
    many("\\frac{", 1300), many("\\frac{1}{", 600) + "1" + many("}", 600), many("\\sqrt{", 600),
    many("x^{", 1300), many("2^", 1900) + "2", many("\\sin "), many("\\sin^{", 900), many("-"),
    many("+-", 1900) + "1", many("1--", 1200) + "1", many("\\begin{pmatrix}", 200),
    "\\begin{pmatrix}" + many("1&", 1900), "\\begin{array}{" + many("c"), many("\\\\"),
    many("1,", 1900),
    many("\\sum_{k=1}^{9999}", 100) + "k",
    "\\sum_{a=1}^{9999}\\sum_{b=1}^{9999}\\sum_{c=1}^{9999} abc",
    "\\prod_{k=1}^{9999} \\sum_{j=1}^{9999} kj", "\\sum_{k=10^{300}}^{10^{300}} k",
    "\\sum_{k=-\\infty}^{\\infty} k",
    "\\{" + (0..<1900).map(String.init).joined(separator: ",") + "\\}",
    "\\{" + many("x+1,", 900) + "1\\}", many("1\\pm", 1300) + "1", many("x=", 1900) + "1",
    many("1<", 1900),
    many("[0,1]\\cup ", 500) + "[0,1]", many("\\boxed{", 3000), many("\\boxed{1}", 3000),
    many("!", 3000),
    "1" + many("!", 3000), "1" + many("%", 3000), many("9", 4000), "0." + many("9", 4000), "1e999",
    "-1e999",
    "0.1\\overline{" + many("9", 3000) + "}", "\u{0}", "\u{FEFF}1", "1\u{301}", "½", "²", "1²³",
    "\\",
    "\\text{", "\\operatorname", "{,}", "(,)", "[,]", ",", ";", "1;", "{1;2}", "\\frac", "\\sqrt[",
    "_", "^",
    "\\left(\\right)", "\\lfloor", "\\langle", "\\mathbb", "x_", "x_{", "\\begin{", "\\end{", "$$",
    "$", "\\(", "\\[",
]

private let ambiguousPatterns: [(String, String)] = [
    ("(a+)+$", many("a", 5000) + "b"), ("(a|a)*b", many("a", 5000)),
    ("(.*)*x", many("a", 5000)), ("(x+x+)+y", many("x", 5000)),
    // Little work from each place, and many places.
    ("x+x+x+y", many(many("x", 300) + " ", 300)), ("^(([a-z])+.)+[A-Z]([a-z])+$", many("a", 5000)),
    ("(?:a?){30}a{30}b", many("a", 5000)), ("((((((a*)*)*)*)*)*)*b", many("a", 5000)),
    ("(?s).*?.*?.*?.*?.*?z", many("a", 5000)), ("(a(?1)?b)+c", many("a", 5000) + many("b", 5000)),
]
