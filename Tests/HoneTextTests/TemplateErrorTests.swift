import HoneCore
import OrderedCollections
import Testing

@testable import HoneText

@Suite struct TemplateErrorTests {
    private func error(_ source: String, _ variables: JSONObject = [:]) -> TemplateError? {
        do throws(TemplateError) {
            let template = try ChatTemplate(source: source, name: "chat_template.jinja")
            _ = try template.render(
                messages: [["role": "user", "content": "Hi"]], variables: variables)
            return nil
        } catch {
            return error
        }
    }

    @Test func namesTheFileTheLineAndTheColumn() throws {
        // The dot of `.y` stands in line 3 after "  {{ missing", that is before column 13.
        let undefined = try #require(error("a\nb\n  {{ missing.y }}"))
        #expect(undefined.position == TemplatePosition(line: 3, column: 14))
        #expect(
            "\(undefined)" == "chat_template.jinja:3:14: UndefinedError: 'missing' is undefined")
        let syntax = try #require(error("{% if true %}\nx {{ 1 2 }}"))
        #expect(syntax.kind == .syntax)
        #expect(syntax.position == TemplatePosition(line: 2, column: 8))
    }

    @Test func countsColumnsInScalars() throws {
        let found = try #require(error("é😀{{ 1 / 0 }}"))
        #expect(found.kind == .zeroDivision)
        #expect(found.position == TemplatePosition(line: 1, column: 8))
    }

    @Test func givesTheTemplatesOwnMessage() throws {
        let raised = try #require(
            error("{% for m in messages %}{{ raise_exception('no ' ~ m.role) }}{% endfor %}"))
        #expect(raised.kind == .raised)
        #expect(raised.message == "no user")
        #expect("\(raised)".hasSuffix("the template says: no user"))
    }

    @Test func pointsIntoTheMacroThatFailed() throws {
        let found = try #require(
            error("{% macro m(x) %}\n{{ x.a.b }}{% endmacro %}\n{{ m({}) }}"))
        #expect(found.position == TemplatePosition(line: 2, column: 8))
    }

    @Test(arguments: [
        "{% include 'other.jinja' %}", "{% import 'a' as b %}", "{% from 'a' import b %}",
        "{% extends 'base' %}", "{% autoescape true %}{% endautoescape %}", "{{ [1]|random }}",
        "{{ 'a'|wordwrap }}", "{{ lipsum() }}", "{{ 'a'.encode() }}", "{{ [1]|map('string') }}",
        "{{ (-8) ** 0.5 }}", "{{ 99999999999999999999 }}", "{% block b scoped %}{% endblock %}",
        "{{ 'a'.upper }}", "{{ (1).real }}",
    ])
    func refusesWhatItLacksWithAPlace(_ source: String) throws {
        let found = try #require(error(source))
        #expect(found.kind == .unsupported, "\(found)")
        #expect(found.position?.line == 1)
    }

    @Test func failsOnAnUnsupportedTagOnlyWhenItIsReached() {
        #expect(error("{% if false %}{% include 'x' %}{% endif %}") == nil)
    }

    @Test(arguments: [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{% for x in [1] %}{{ m() }}{% endfor %}{% endmacro %}{{ m() }}",
        "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{{ 'a' * 1000000000 }}", "{{ [0] * 1000000000 * 1000000000 }}",
        "{{ ('a' * 1000000).center(1000000000) }}", "{{ '%2000000d' % 1 }}",
    ])
    func stopsAHostileTemplate(_ source: String) throws {
        let found = try #require(error(source))
        #expect(found.kind == .limit, "\(found)")
    }

    @Test func boundsTheIterationsOfAllLoopsTogether() throws {
        let program = try TemplateProgram(
            source: "{% for a in range(100) %}{% for b in range(100) %}{% endfor %}{% endfor %}")
        var limits = TemplateLimits.standard
        // 100 rounds of the outer loop and 100 × 100 of the inner one.
        limits.iterations = 10_100
        let enough = TemplateInterpreter(
            program, variables: [:], clock: .system, limits: limits)
        #expect(try enough.render() == "")
        limits.iterations -= 1
        let tooFew = TemplateInterpreter(
            program, variables: [:], clock: .system, limits: limits)
        #expect(throws: TemplateError.self) { try tooFew.render() }
    }

    @Test func boundsNesting() throws {
        let depth = 5_000
        for source in [
            "{{ " + String(repeating: "(", count: depth) + "1",
            "{{ " + String(repeating: "[", count: depth),
            "{{ " + String(repeating: "-", count: depth) + "1 }}",
            "{{ " + String(repeating: "not ", count: depth) + "1 }}",
            String(repeating: "{% if 1 %}", count: depth),
            "{{ " + String(repeating: "1 if 1 else ", count: depth) + "1 }}",
        ] {
            let found = try #require(error(source))
            #expect(found.kind == .limit, "\(found)")
        }
    }

    @Test func survivesLongChains() throws {
        // These nest in the tree though not in the text.
        for source in [
            "{{ 1" + String(repeating: " + 1", count: 4_000) + " }}",
            "{{ 'a'" + String(repeating: "|upper", count: 4_000) + " }}",
            "{{ x" + String(repeating: ".y", count: 4_000) + " }}",
            "{{ 1" + String(repeating: " and 1", count: 4_000) + " }}",
        ] {
            let found = try #require(error(source))
            #expect(found.kind == .limit, "\(found)")
        }
        // As long as may be read is longer than may be evaluated.
        let long = "{{ 1" + String(repeating: " + 1", count: 900) + " }}"
        #expect(try #require(error(long)).message.contains("nested 400 deep"))
        let enough = "{{ 1" + String(repeating: " + 1", count: 390) + " }}"
        #expect(error(enough) == nil)
    }

    @Test func refusesWhatIsNoConversation() throws {
        let template = try ChatTemplate(source: "{{ messages }}")
        #expect(throws: TemplateError.self) { try template.render(messages: []) }
        #expect(throws: TemplateError.self) { try template.render(messages: ["Hi"]) }
        let hi: [JSONValue] = [["role": "user", "content": "Hi"]]
        #expect(throws: TemplateError.self) { try template.render(messages: hi, tools: ["f"]) }
        #expect(throws: TemplateError.self) { try template.render(messages: hi, documents: [1]) }
    }
}
