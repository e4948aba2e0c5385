import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

/// One conversation of `templates/chats.json`, with what `apply_chat_template` makes of it.
struct ChatCase: Sendable {
    let style: String
    let row: JSONValue
    let specialTokens: JSONObject

    static func all() throws -> [ChatCase] {
        let rows = try JSONValue(parsing: Array(Fixtures.data("templates/chats.json")))
        let tokens = try JSONValue(parsing: Array(Fixtures.data("templates/tokens.json")))
        return try #require(rows.arrayValue).map { row in
            let style = try #require(row["style"]?.stringValue)
            return ChatCase(
                style: style, row: row, specialTokens: tokens[style]?.objectValue ?? [:])
        }
    }

    static func source(_ style: String) throws -> String {
        String(decoding: try Fixtures.data("templates/styles/\(style).jinja"), as: UTF8.self)
    }

    func rendered(_ template: ChatTemplate) -> Result<String, TemplateError> {
        Result { () throws(TemplateError) in
            try template.render(
                messages: row["messages"]?.arrayValue ?? [],
                addGenerationPrompt: row["add_generation_prompt"]?.boolValue ?? false,
                continueFinalMessage: row["continue_final_message"]?.boolValue ?? false,
                tools: row["tools"]?.arrayValue, documents: row["documents"]?.arrayValue,
                variables: row["variables"]?.objectValue ?? [:])
        }
    }
}

@Suite struct TemplateChatTests {
    @Test func everyConversationRendersAsInTransformers() throws {
        let cases = try ChatCase.all()
        #expect(cases.count > 500)
        var templates: [String: ChatTemplate] = [:]
        for test in cases {
            if templates[test.style] == nil {
                templates[test.style] = try ChatTemplate(
                    source: ChatCase.source(test.style), name: test.style,
                    variables: test.specialTokens, clock: .fixture)
            }
            check(test, try #require(templates[test.style]))
        }
    }

    private func check(_ test: ChatCase, _ template: ChatTemplate) {
        let result = test.rendered(template)
        switch result {
        case .success(let text):
            if let expected = test.row["text"]?.stringValue, expected.utf8.elementsEqual(text.utf8)
            {
                return
            }
        case .failure(let error):
            guard let expected = test.row["error"], let kind = expected["kind"]?.stringValue,
                let message = expected["message"]?.stringValue
            else { break }
            // Refusals before and after rendering have no line; ours say the same in fewer words.
            let line = expected["line"]?.intValue
            if line == nil, error.kind.rawValue == kind, error.position == nil { return }
            if TemplateLanguageTests.isSame(error, kind: kind, message: message, line: line) {
                return
            }
        }
        Issue.record("\(test.style): \(test.row.text())\n  have \(result)")
    }
}
