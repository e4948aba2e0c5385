import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct StringCheckTests {
    static func scores(
        _ operation: StringCheck.Operation, _ completions: [String], _ reference: JSONValue,
        _ change: (inout StringCheck.Options) -> Void = { _ in }
    ) async -> [Double?] {
        var options = StringCheck.Options()
        options.operation = operation
        change(&options)
        return await StringCheck(options).values(
            completions, columns: ["reference_answer": reference])
    }

    @Test(arguments: [
        (StringCheck.Operation.equals, [1.0, 0, 0, 0]), (.eq, [1, 0, 0, 0]),
        (.notEquals, [0, 1, 1, 1]), (.ne, [0, 1, 1, 1]),
        (.contains, [1, 1, 0, 0]), (.like, [1, 1, 0, 0]),
        (.containsIgnoringCase, [1, 1, 1, 0]), (.ilike, [1, 1, 1, 0]),
    ])
    func relatesAnswerToReference(
        _ operation: StringCheck.Operation, _ expected: [Double?]
    ) async {
        #expect(
            await Self.scores(operation, ["Paris", "In Paris.", "PARIS!", "Rome"], "Paris")
                == expected)
    }

    @Test func aCompletionWithoutAnswerScoresZeroAlsoForNotEquals() async {
        #expect(
            await Self.scores(.notEquals, ["Rome", "<answer>Rome</answer>"], "Paris") {
                $0.texts.extraction = .tag("answer", .last)
            } == [0, 1])
    }

    @Test func textIsComparedScalarByScalar() async {
        // One scalar, and two that look the same.
        #expect(await Self.scores(.contains, ["e\u{301}"], "\u{E9}") == [0])
        #expect(await Self.scores(.equals, ["42"], 42) == [1])
        #expect(await Self.scores(.equals, ["42"], [42]) == [nil])
    }

    @Test func templatesTakeThePlaceOfColumnAndAnswer() async throws {
        var options = StringCheck.Options()
        options.texts.input = try GraderTemplate("{{ sample.output_json.city }} ({{item.n[1]}})")
        options.texts.reference = try GraderTemplate("{{item['the answer']}}")
        let columns: JSONObject = ["the answer": "Paris (7)", "n": [3, 7]]
        #expect(
            await StringCheck(options).values(
                ["{\"city\": \"Paris\"}", "{\"town\": \"Paris\"}", "Paris"], columns: columns)
                == [1, 0, 0])
        // The row lacks what the reference names: that is no fault of the completion.
        #expect(await StringCheck(options).values(["{}"], columns: ["n": [3, 7]]) == [nil])
    }

    @Test(arguments: ["{{item}}", "{{item.a", "{{row.a}}", "{{item.a b}}", "{{sample[}}"])
    func aPlaceholderThatIsNotUnderstoodIsRefused(_ text: String) {
        #expect(throws: GraderTemplateError.self) { try GraderTemplate(text) }
    }
}

extension StringCheck {
    init(_ options: Options) { self.init(name: "string_check", options) }
}
