import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

/// One small template of `templates/language.json` or `random.json`, with what jinja2 makes of it.
struct LanguageCase: Sendable, CustomTestStringConvertible {
    let source: String
    let variables: JSONObject
    let expected: Expectation

    enum Expectation: Sendable, Equatable {
        case text(String)
        case error(kind: String, message: String, line: Int?)
    }

    var testDescription: String { source }

    static func all(_ file: String) throws -> [LanguageCase] {
        let document = try JSONValue(parsing: Array(Fixtures.data("templates/\(file)")))
        return try #require(document.arrayValue).map { json in
            let expected: Expectation
            if let error = json["error"] {
                expected = .error(
                    kind: try #require(error["kind"]?.stringValue),
                    message: try #require(error["message"]?.stringValue),
                    line: error["line"]?.intValue)
            } else {
                expected = .text(try #require(json["text"]?.stringValue))
            }
            return LanguageCase(
                source: try #require(json["source"]?.stringValue),
                variables: json["variables"]?.objectValue ?? [:], expected: expected)
        }
    }

    /// What our interpreter makes of it.
    func rendered() -> Result<String, TemplateError> {
        Result { () throws(TemplateError) in
            let program = try TemplateProgram(source: source)
            var values: [String: TemplateValue] = [:]
            for (name, value) in variables { values[name] = TemplateValue(value) }
            let interpreter = TemplateInterpreter(program, variables: values, clock: .fixture)
            return try interpreter.render()
        }
    }
}

extension TemplateClock {
    /// The time the fixtures were made at: 3 December 2024, 14:05:09.
    static let fixture = TemplateClock.fixed(Date(timeIntervalSince1970: 1_733_234_709))
}

@Suite struct TemplateLanguageTests {
    @Test func everyFixtureRendersOrFailsAsInJinja() throws {
        let cases = try LanguageCase.all("language.json")
        #expect(cases.count > 600)
        for test in cases { check(test) }
    }

    /// jinja2 gives the line of some statements only roughly, so for these the line is free.
    @Test func everyRandomTemplateRendersOrFailsAsInJinja() throws {
        let cases = try LanguageCase.all("random.json")
        #expect(cases.count > 1_000)
        for test in cases { check(test, comparingLines: false) }
    }

    private func check(_ test: LanguageCase, comparingLines: Bool = true) {
        let result = test.rendered()
        switch (test.expected, result) {
        case (.text(let expected), .success(let text)) where expected.utf8.elementsEqual(text.utf8):
            return
        case (.error(let kind, let message, let place), .failure(let error)):
            let line = comparingLines ? place : error.position?.line
            if Self.isSame(error, kind: kind, message: message, line: line) { return }
        default: break
        }
        Issue.record("\(test.source.debugDescription)\n  want \(test.expected)\n  have \(result)")
    }

    /// Whether jinja2's error and ours are of one kind, in one line, and say the same. What Python
    /// itself says of wrong arguments depends on how it was written; there the kind decides.
    static func isSame(
        _ error: TemplateError, kind: String, message: String, line: Int?
    ) -> Bool {
        switch kind {
        // Found when Python compiles what jinja2 wrote, whose lines are not the template's.
        case "SyntaxError": error.kind == .syntax
        case "AssertionError", "RuntimeError":
            error.kind == .runtime && error.message == message && error.position?.line == line
        case "TypeError", "ValueError", "IndexError", "AttributeError", "RecursionError":
            error.kind.rawValue == kind && error.position?.line == line
        default:
            error.kind.rawValue == kind && error.message == message
                && error.position?.line == line
        }
    }
}
