import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneRewards

@Suite struct MathEqualityTests {
    @Test(arguments: [
        // Numbers as they are written.
        ("28", "28"), ("1234567", "1,234,567"), ("1234567", "1{,}234{,}567"), ("0.5", "1/2"),
        ("1/3", "0.333333"), ("\\frac{1}{2}", "\\frac12"), ("5/2", "2\\frac{1}{2}"),
        ("50%", "1/2"), ("50\\%", "50 percent"), ("007", "7"), ("-5", "\u{2212}5"),
        ("1/6", "0.1\\overline{6}"), ("$5", "5"), ("5", "5 cm"), ("12", "$12\\text{ cm}^2$"),
        ("90", "90^\\circ"),
        ("123456789012345678901234567890", "123,456,789,012,345,678,901,234,567,890"),
        // Where the answer stands.
        ("7", "First 3, then 4. So the answer is 7."), ("7", "\\boxed{7} and not 8"),
        ("\\frac{7}{2}", "Thus $x = \\frac{14}{4}$."), ("1,2", "\\boxed{2} and \\boxed{1}"),
        // Expressions.
        ("(x+1)^2", "x^2+2x+1"), ("\\sqrt{12}", "2\\sqrt3"), ("\\sin^2 x + \\cos^2 x", "1"),
        ("2^{10}", "1024"), ("\\binom{5}{2}", "10"), ("5!", "120"), ("\\log_2 8", "3"),
        ("e^{i\\pi}", "-1"), ("\\frac{a^2-b^2}{a-b}", "a+b"), ("|{-3}|", "3"),
        ("\\sum_{k=1}^{10} k", "55"), ("x_1+x_2", "x_2+x_1"), ("\\ln(e^2)", "2"),
        // Sets, tuples, intervals, relations.
        ("\\{1,2,3\\}", "3, 1, 2"), ("$(1,2)$", "$(1,2)$"), ("[0,1)", "[0,1)"),
        ("$x \\ge 5$", "$5 \\le x$"), ("$x > 2$", "$(2,\\infty)$"),
        ("$1 \\pm \\sqrt{2}$", "$1-\\sqrt2, 1+\\sqrt2$"),
        ("$(-\\infty,1)\\cup(1,\\infty)$", "$(1,\\infty)\\cup(-\\infty,1)$"),
        ("$y=2x+1$", "$2x-y+1=0$"),
        ("$[1,3]\\setminus\\{2\\}$", "$[1,2)\\cup(2,3]$"),
        // Words.
        ("\\text{Tuesday}", "\\text{tuesday}"), ("A", "\\text{(A)}"),
    ])
    func saysTheSame(_ reference: String, _ answer: String) {
        #expect(MathEquality(reference: reference).holds(for: answer))
    }

    @Test(arguments: [
        ("28", "29"), ("28", ""), ("28", "no idea"), ("1/3", "0.33"), ("4", "4\\sqrt{2}"),
        ("0.5", "5"), ("50%", "50"), ("-5", "5"), ("1,2", "1"), ("[0,1)", "[0,1]"),
        ("(3,1)", "(1,3)"), ("x+1", "x+2"), ("x", "y"), ("$x<1$", "$x>1$"), ("\\sqrt{x^2}", "x"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}"), ("1 - \\frac{1}{e}", "1 + \\frac{1}{e}"),
        ("Tuesday", "Monday"), ("1", "1/0"), ("12:00", "1:00"), ("2", "\\boxed{}"),
        ("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1&3\\end{pmatrix}"),
    ])
    func saysSomethingElse(_ reference: String, _ answer: String) {
        #expect(!MathEquality(reference: reference).holds(for: answer))
    }

    /// What this thread has computed: other tests that share the cores do not count.
    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func hostileTextsEndQuickly() {
        let texts = [
            String(repeating: "(", count: 100_000), String(repeating: "{", count: 100_000),
            String(repeating: "$", count: 100_001), String(repeating: "\\frac", count: 30_000),
            String(repeating: "-", count: 3_900) + "1", "9!!!!!!!!!!", "9^9^9^9^9^9",
            "\\boxed{" + String(repeating: "\\sqrt{", count: 600),
            String(repeating: "1+", count: 1_999) + "1",
            "\\sum_{k=1}^{9999999999} k", String(repeating: "1 ", count: 50_000),
            String(repeating: "final answer is ", count: 5_000),
            String(repeating: "\\[", count: 25_000), String(repeating: "answer: 1+", count: 5_000),
        ]
        for text in texts {
            let start = Self.processorSeconds()
            #expect(!MathEquality(reference: "2").holds(for: text))
            let seconds = Self.processorSeconds() - start
            #expect(seconds < 5, "\(text.prefix(20)) took \(seconds) s")
        }
    }

    @Test func theGraderReadsTheAnswerWhereItIsDeclared() async {
        var options = MathAccuracy.Options()
        options.extraction = .firstFound([.tag("answer", .last), .whole])
        let reward = MathAccuracy(name: "math", options)
        #expect(
            await reward.values(
                ["<think>7</think><answer>\\frac{56}{2}</answer>", "It is 28.", "29"],
                columns: ["reference_answer": "28"]) == [1, 1, 0])
        #expect(await reward.values(["28"], columns: ["reference_answer": 28]) == [1])
        #expect(await reward.values(["28"], columns: ["reference_answer": [28]]) == [nil])
    }
}
