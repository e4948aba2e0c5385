import HoneCore
import HoneTraining
import OrderedCollections
import Testing

@Suite struct RowStepTests {
    /// The rows that `text` gives after the steps of `yaml`, each as its columns.
    static func rows(_ text: String, _ yaml: String) throws -> [JSONObject] {
        try DatasetTests.prompts(text) {
            $0.steps = try! steps(yaml)
            $0.prompt.template = "x"
        }.train.map(\.columns)
    }

    static func steps(_ yaml: String) throws -> [DataStep] {
        let document = try RecipeYAML.document(yaml, file: "steps")
        var problems: [ConfigProblem] = []
        let steps = [DataStep].read(document.root, at: .root, &problems)
        try #require(problems.isEmpty, "\(problems)")
        return try #require(steps)
    }

    /// What is wrong with the steps of `yaml`, or with the first row.
    static func problem(_ text: String, _ yaml: String) -> String {
        do {
            _ = try rows(text, yaml)
            return ""
        } catch {
            return "\(error)".split(separator: ":", maxSplits: 2).last.map(String.init) ?? ""
        }
    }

    @Test func renamesSelectsAndRemoves() throws {
        let rows = try Self.rows(
            #"{"id": 1, "question": "q", "answer": "a", "extra": 2}"#,
            "[{rename: {question: prompt}}, {remove: [id, absent]}, {select: [answer, prompt]}]")
        #expect(rows.map { Array($0.keys) } == [["answer", "prompt"]])
    }

    @Test func aMissingColumnNamesTheNearest() {
        #expect(
            Self.problem(#"{"question": "q"}"#, "[{rename: {qestion: prompt}}]")
                == " dataset.steps[0]: no column qestion among (question); did you mean question?")
    }

    @Test func extractsTheAnswerOfGSM8K() throws {
        let rows = try Self.rows(
            #"{"question": "q", "answer": "3 + 4 = 7\n7 * 200 = 1,400\n#### 1,400"}"#,
            """
            - extract: {from: answer, pattern: '####\\s*(\\S+)\\s*$'}
            - replace: {column: answer, pattern: ',', with: ''}
            - cast: {answer: integer}
            """)
        #expect(rows[0]["answer"] == 1400)
    }

    @Test func aGroupNamedAsTheColumnIsTaken() throws {
        let rows = try Self.rows(
            #"{"text": "Q: why? A: so"}"#,
            #"[{extract: {from: text, to: reply, pattern: "Q: (.+) A: (?<reply>.+)"}}]"#)
        #expect(rows[0]["reply"] == "so" && rows[0]["text"] == "Q: why? A: so")
    }

    @Test func whatDoesNotMatchIsRefusedDroppedOrEmpty() throws {
        let text = "{\"a\": \"x1\"}\n{\"a\": \"none\"}"
        let pattern = "[{extract: {from: a, pattern: '[0-9]'"
        #expect(
            Self.problem(text, pattern + "}}]")
                == " dataset.steps[0]: a holds nothing that [0-9] matches (otherwise: drop or "
                + "empty lets it pass)")
        #expect(try Self.rows(text, pattern + ", otherwise: drop}}]") == [["a": "1"]])
        #expect(
            try Self.rows(text, pattern + ", otherwise: empty}}]") == [["a": "1"], ["a": nil]])
    }

    @Test func castsExactlyOrNotAtAll() throws {
        let rows = try Self.rows(
            #"{"a": " 3 ", "b": "1e-3", "c": "True", "d": "[44, 19]", "e": [1, "x"], "f": 4.0}"#,
            "[{cast: {a: integer, b: number, c: boolean, d: json, e: string, f: integer}}]")
        #expect(
            rows == [["a": 3, "b": 0.001, "c": true, "d": [44, 19], "e": "[1, 'x']", "f": 4]])
        for (value, type) in [
            (#""1,000""#, "integer"), (#""3.0""#, "integer"), ("3.5", "integer"),
            ("null", "string"),
            (#""nan""#, "number"), (#""0x10""#, "number"), (#""yes""#, "boolean"), ("1", "boolean"),
            (#""[1""#, "json"), ("[1]", "json"),
        ] {
            #expect(
                Self.problem("{\"a\": \(value)}", "[{cast: {a: \(type)}}]").contains("which is"),
                "\(value) as \(type)")
        }
    }

    @Test func filtersByEveryCondition() throws {
        let text = """
            {"n": 1, "s": "abc", "l": [1, 2]}
            {"n": 2.0, "s": "de", "l": []}
            {"n": 3, "s": "xyz", "l": [1], "more": 1}
            """
        func kept(_ condition: String) throws -> [Int?] {
            try Self.rows(text, "[{filter: {\(condition)}}]").map { $0["n"]?.intValue }
        }
        #expect(try kept("column: n, equals: 2") == [2])
        #expect(try kept("column: n, not_equals: 2") == [1, 3])
        #expect(try kept("column: n, in: [1, 3]") == [1, 3])
        #expect(try kept("column: n, at_least: 2, at_most: 2.5") == [2])
        #expect(try kept("column: s, matches: '^[a-d]'") == [1, 2])
        #expect(try kept("column: s, not_matches: c") == [2, 3])
        #expect(try kept("column: s, min_length: 3") == [1, 3])
        #expect(try kept("column: l, max_length: 1") == [2, 3])
        #expect(try kept("column: more, present: true") == [3])
        #expect(try kept("column: more, present: false") == [1, 2])
        #expect(Self.problem(text, "[{filter: {column: s, at_least: 1}}]").contains("a string"))
        #expect(Self.problem(text, "[{filter: {column: more, equals: 1}}]").contains("no column"))
    }

    @Test func picksFillsAndGivesDefaults() throws {
        let rows = try Self.rows(
            #"{"q": "why", "answers": {"text": ["so", "no"]}, "level": null}"#,
            """
            - pick: {from: "answers.text[0]", to: answer}
            - default: {level: 2, kind: qa}
            - fill: {to: prompt, template: "{q}? ({level}) {{}}"}
            """)
        #expect(rows[0]["answer"] == "so" && rows[0]["kind"] == "qa")
        #expect(rows[0]["prompt"] == "why? (2) {}")
        #expect(
            Self.problem(#"{"a": []}"#, "[{pick: {from: 'a[0]', to: b}}]")
                .contains("nothing stands at a[0]"))
    }

    @Test func droppedRowsAreCountedAndKeepTheirNumbers() throws {
        let data = try DatasetTests.prompts("{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}") {
            $0.steps = [.filter(FilterStep.atLeast(2, column: "a"))]
            $0.prompt.template = "{a}"
        }
        #expect(data.train.map(\.index) == [1, 2])
        #expect(data.warnings.count == 1)
        #expect(
            data.warnings[0].hasSuffix(
                "1 of 3 rows are dropped by dataset.steps[0] "
                    + #"(filter {"column":"a","at_least":2.0})"#))
    }

    @Test func aConditionHoldsRowsOut() throws {
        let text = (0..<6).map {
            "{\"a\": \($0), \"part\": \"\($0 % 3 == 0 ? "test" : "train")\"}\n"
        }
        .joined()
        func read(_ equals: JSONValue) throws -> ReadRows {
            try DatasetTests.prompts(text) {
                var filter = FilterStep(column: "part")
                filter.equals = equals
                $0.test = .condition(filter)
                $0.prompt.template = "{a}"
            }
        }
        let data = try read("test")
        #expect(data.test.map(\.index) == [0, 3] && data.train.map(\.index) == [1, 2, 4, 5])
        #expect {
            try read("dev")
        } throws: { "\($0)".contains("0 of 6 rows meet the condition on part") }
    }

    @Test func stepsThatLeaveNothingAreAnError() {
        #expect(
            Self.problem(#"{"a": 1}"#, "[{filter: {column: a, equals: 2}}]")
                .hasSuffix("dataset.steps leave none of its 1 rows"))
    }

    @Test func aFaultyPatternIsToldOfItsStep() {
        #expect(throws: DatasetError.self) {
            try Self.rows(#"{"a": "x"}"#, "[{filter: {column: a, matches: '('}}]")
        }
        #expect(throws: DatasetError.self) {
            try Self.rows(
                #"{"a": "x"}"#, "[{replace: {column: a, pattern: 'x', with: '${nothing}'}}]")
        }
    }

    @Test func whatIsWrittenReadsBack() throws {
        let steps = try Self.steps(
            """
            - rename: {a: b}
            - select: [b]
            - remove: [c]
            - filter: {column: b, in: [1, x], present: true}
            - cast: {b: json}
            - extract: {from: b, pattern: x, otherwise: drop}
            - replace: {column: b, pattern: x, with: y}
            - pick: {from: "b[0]", to: c}
            - fill: {to: d, template: "{c}"}
            - default: {e: null}
            """)
        let again = try RecipeYAML.text(.array(steps.map(\.configJSON)))
        #expect(try Self.steps(again) == steps)
    }

    @Test func unknownAndImpossibleStepsAreProblems() {
        for (yaml, words) in [
            ("[{renam: {a: b}}]", "did you mean rename?"),
            ("[{rename: {a: b}, select: [c]}]", "one key"), ("[shuffle]", "one key"),
            ("[{select: [a, a]}]", "twice"), ("[{filter: {column: a}}]", "states no condition"),
            ("[{filter: {column: a, at_least: 2, at_most: 1}}]", "no row could pass"),
            ("[{cast: {a: int}}]", "integer"), ("[{fill: {to: a, template: '{'}}]", "brace"),
        ] {
            var problems: [ConfigProblem] = []
            let document = try! RecipeYAML.document(yaml, file: "steps")
            _ = [DataStep].read(document.root, at: .root, &problems)
            #expect(problems.contains { "\($0)".contains(words) }, "\(yaml): \(problems)")
        }
    }
}

extension FilterStep {
    fileprivate static func atLeast(_ bound: Double, column: String) -> FilterStep {
        var step = FilterStep(column: column)
        step.atLeast = bound
        return step
    }
}
