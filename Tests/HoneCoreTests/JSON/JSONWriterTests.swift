import HoneCore
import OrderedCollections
import Testing

@Suite struct JSONWriterTests {
    @Test(arguments: [
        ("", #""""#),
        ("plain", #""plain""#),
        ("a\"b\\c/d", #""a\"b\\c/d""#),
        ("\n\r\t\u{08}\u{0C}", #""\n\r\t\b\f""#),
        ("\u{00}x\u{1F}\u{7F}", "\"\\u0000x\\u001f\u{7F}\""),
        // A mark that joins the quotation mark before it, and text of four bytes a scalar.
        ("\"\u{301}é🙂\n", "\"\\\"\u{301}é🙂\\n\""),
    ])
    func escapesWhatMustBeAndNoMore(_ text: String, _ expected: String) throws {
        let written = JSONValue.string(text).text()
        // Bytes, for `==` of strings takes é in either form.
        #expect(Array(written.utf8) == Array(expected.utf8))
        #expect(try JSONValue(parsing: written) == .string(text))
    }

    @Test func documentsComeBackAsTheyWere() throws {
        let document: JSONValue = [
            "b": [1, 2.5, -0.0, 1e-7, true, nil], "a": ["": "x"], "empty": [[], [:]],
        ]
        #expect(try JSONValue(parsing: document.text()) == document)
        #expect(try JSONValue(parsing: document.text(.indented)) == document)
        let numbers: JSONValue = ["a": 1, "b": 2.0]
        #expect(numbers.text() == #"{"a":1,"b":2.0}"#)
    }
}
