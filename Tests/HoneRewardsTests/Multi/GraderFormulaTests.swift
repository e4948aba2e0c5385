import Testing

@testable import HoneRewards

@Suite struct GraderFormulaTests {
    static let scores = ["a": 3.0, "b": 0.5, "long_name2": -2.0]

    @Test(
        arguments: [
            ("a + b * 2", 4), ("(a + b) * 2", 7), ("a - b - 1", 1.5), ("12 / a / 2", 2),
            // ^ binds closest and from the right: 2 ^ (3 ^ 2) and −(3 ^ 2).
            ("2 ^ 3 ^ 2", 512), ("-a ^ 2", -9), ("2 ^ -1", 0.5), ("--a", 3), ("+a", 3),
            ("min(a, b, 1)", 0.5), ("max(long_name2, b)", 0.5), ("abs(long_name2)", 2),
            ("floor(b) + ceil(b)", 1), ("sqrt(a * a)", 3), ("exp(0) + log(1)", 1),
            ("0.8*a+.2*b", 2.5), ("1e-1 * 2E+1", 2), ("  7 ", 7), ("min(a)", 3),
        ] as [(String, Double)])
    func whatIsWrittenIsComputed(_ source: String, _ value: Double) throws {
        let formula = try GraderFormula(source)
        #expect(abs(formula.value(Self.scores) - value) < 1e-12)
        #expect(formula.source == source)
    }

    @Test func eachNameIsListedOnce() throws {
        #expect(try GraderFormula("a + min(b, a) * max(c, 1)").names == ["a", "b", "c"])
    }

    @Test(
        arguments: [
            ("", "expected a number or a grader's name, found the end"),
            ("a +", "expected a number or a grader's name, found the end"),
            ("a b", "expected an operator or the end, found b"),
            ("(a", "expected ), found the end"), ("1.2.3", "expected a number, found 1.2.3"),
            ("sin(a)", "one of the functions min, max"), ("abs(a, b)", "expected ), found , b"),
            ("min()", "expected a number or a grader's name, found )"),
            ("__import__('os')", "one of the functions"), ("a ** 2", "found * 2"),
        ])
    func whatIsNoFormulaIsRefused(_ source: String, _ message: String) throws {
        let error = #expect(throws: GraderFormulaError.self) { try GraderFormula(source) }
        #expect("\(try #require(error))".contains(message))
    }

    @Test func depthIsBounded() {
        let deep = String(repeating: "(", count: 100_000)
        #expect(throws: GraderFormulaError.self) { try GraderFormula(deep) }
        let signs = String(repeating: "-", count: 100_000) + "1"
        #expect(throws: GraderFormulaError.self) { try GraderFormula(signs) }
    }
}
