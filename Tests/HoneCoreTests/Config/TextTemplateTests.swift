import HoneCore
import OrderedCollections
import Testing

@Suite struct TextTemplateTests {
    @Test func fillsPlaceholders() throws {
        let template = try TextTemplate("{a} + {b c}{a}")
        #expect(template.columns == ["a", "b c", "a"])
        #expect(template.text(["a": 1, "b c": "two"]) == "1 + two1")
        #expect(template.text(["a": 1]) == nil)
    }

    @Test func doubledBracesAreBraces() throws {
        #expect(try TextTemplate("{{x}} }}{{ {{{x}}}").text(["x": 3]) == "{x} }{ {3}")
    }

    @Test(arguments: ["{", "}", "a {b", "{}", "{a{b}}", "x } y"])
    func unpairedBracesAreErrors(text: String) {
        #expect(throws: TextTemplateError.self) { try TextTemplate(text) }
    }
}

@Suite struct JSONValuePythonTests {
    /// Expected: `str(json.loads(text))` of Python 3.
    @Test(arguments: [
        ("\"plain 'text'\"", "plain 'text'"), ("[1, 2.0, \"a\"]", "[1, 2.0, 'a']"),
        (
            "[\"it's\", \"say \\\"hi\\\"\", \"both ' \\\"\"]",
            "[\"it's\", 'say \"hi\"', 'both \\' \"']"
        ),
        ("{\"a\": null, \"b\": [true, false]}", "{'a': None, 'b': [True, False]}"),
        (
            "[1e16, 1e15, 123456789012345680.0]",
            "[1e+16, 1000000000000000.0, 1.2345678901234568e+17]"
        ),
        ("[0.0001, 0.00001, -1.5e-7, 1e100]", "[0.0001, 1e-05, -1.5e-07, 1e+100]"),
        ("[9007199254740993.0, 1234567890123456.7]", "[9007199254740992.0, 1234567890123456.8]"),
        (
            "[\"tab\\t nl\\n nul\\u0000 é \\u200b \\u00a0 \\\\\"]",
            "['tab\\t nl\\n nul\\x00 é \\u200b \\xa0 \\\\']"
        ),
        ("[NaN, Infinity, -Infinity, -0.0]", "[nan, inf, -inf, -0.0]"), ("3", "3"),
        ("null", "None"),
    ])
    func showsValuesAsPythonDoes(json: String, text: String) throws {
        #expect(try JSONValue(parsing: json).pythonText == text)
    }
}
