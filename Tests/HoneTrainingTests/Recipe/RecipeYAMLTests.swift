import HoneCore
import HoneTraining
import OrderedCollections
import Testing

@Suite struct RecipeYAMLTests {
    @Test func keepsTheLineOfEachKey() throws {
        let text = """
            method: grpo

            grpo:
              beta: 0.1
            rewards:
              - {name: a, type: b}
              - name: c
                type: d
            """
        let document = try RecipeYAML.document(text, file: "r.yaml")
        #expect(document.lines[ConfigPath("method")] == 1)
        #expect(document.lines[ConfigPath("grpo")] == 3)
        #expect(document.lines[ConfigPath("grpo.beta")] == 4)
        #expect(document.lines[ConfigPath("rewards[0].type")] == 6)
        #expect(document.lines[ConfigPath("rewards[1].type")] == 8)
        #expect(document.root["rewards"]?.arrayValue?.count == 2)
    }

    @Test(
        arguments: [
            ("1e-5", 1e-5), ("1.", 1.0), (".5", 0.5), ("-.5e2", -50.0), ("+3", 3), ("0x10", 16),
            ("007", 7), ("1_000", "1_000"), ("yes", "yes"), ("no", "no"), ("on", "on"),
            ("true", true), ("'true'", "true"), ("\"3\"", "3"), ("~", nil), ("", nil),
            ("[1, two]", [1, "two"]), ("{a: 1}", ["a": 1]), ("2026-01-01", "2026-01-01"),
            ("12:30", "12:30"), ("a=b", "a=b"), ("1e5", 1e5), ("e5", "e5"), ("-", [nil]),
            ("--", "--"),
        ] as [(String, JSONValue)])
    func readsValuesAsYAML12(text: String, value: JSONValue) throws {
        #expect(try RecipeYAML.value(text) == value)
    }

    @Test func syntaxErrorsHaveAPlace() throws {
        #expect {
            try RecipeYAML.document("a: 1\nb: [1, 2\nc: 3\n", file: "r.yaml")
        } throws: { error in
            "\(error)".hasPrefix("r.yaml:3:")
        }
        #expect {
            try RecipeYAML.document("a: 1\nb: 2\na: 3\n", file: "r.yaml")
        } throws: { error in
            "\(error)".contains("given twice in one mapping: a")
        }
    }

    @Test func aBombOfAliasesIsRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let item = "*a\(level - 1)"
            text +=
                "a\(level): &a\(level) [\(Array(repeating: item, count: 10).joined(separator: ", "))]\n"
        }
        #expect(throws: RecipeError.self) { try RecipeYAML.document(text, file: "r") }
    }

    @Test func writesWhatItReads() throws {
        let value: JSONValue = [
            "plain": "text", "looks like": ["true", "1e-5", "null", "~", "", "0x1", "- x", "a: b"],
            "lines": "first\n second\n\nlast\n", "trailing": "a \nb\t", "unicode": "é 漢字 🙂",
            "quote": "say \"hi\" it's", "numbers": [1, -2.5, 1e-5, 1e300, 0.1], "none": nil,
            "deep": ["list": [["a": 1], ["b": []]], "empty": [:]], "yes": true, "hash": "a # b",
            "brace": "{x} }", "control": "\u{7}\u{1B}", "3": "key",
        ]
        let text = try RecipeYAML.text(value)
        #expect(try RecipeYAML.document(text, file: "").root == value, "\(text)")
    }
}
