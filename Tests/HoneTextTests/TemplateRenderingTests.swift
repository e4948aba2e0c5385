import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneText

@Suite struct TemplateRenderingTests {
    private let chatML =
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    private let chat: [JSONValue] = [
        ["role": "user", "content": "Hi"], ["role": "assistant", "content": "So I"],
    ]

    @Test func addsTheGenerationPromptOnlyWhenAsked() throws {
        let template = try ChatTemplate(source: chatML)
        let text = "<|user|>Hi<|end|><|assistant|>So I<|end|>"
        #expect(try template.render(messages: chat) == text)
        #expect(
            try template.render(messages: chat, addGenerationPrompt: true) == text
                + "<|assistant|>")
    }

    @Test func stopsInsideTheFinalMessageToContinueIt() throws {
        let template = try ChatTemplate(source: chatML)
        #expect(
            try template.render(messages: chat, continueFinalMessage: true)
                == "<|user|>Hi<|end|><|assistant|>So I")
    }

    @Test func cutsAtTheLastMarkWhereTheMessageOccursTwice() throws {
        let template = try ChatTemplate(
            source: "{{ messages[-1].content }}|{{ messages[-1].content }}|end")
        // The first copy keeps the mark, as it does in transformers.
        #expect(
            try template.render(messages: chat, continueFinalMessage: true)
                == "So ICONTINUE_FINAL_MESSAGE_TAG |So I")
    }

    @Test func refusesToContinueWhatTheTemplateDropped() throws {
        let template = try ChatTemplate(source: "{{ messages[0].content }}")
        #expect(throws: TemplateError.self) {
            try template.render(messages: chat, continueFinalMessage: true)
        }
    }

    @Test func leavesOutNullMembersAndSharesReasoning() throws {
        let template = try ChatTemplate(
            source: "{% for m in messages %}{{ m.tool_calls is defined }}"
                + "{{ m.reasoning_content }}{{ m.thinking }};{% endfor %}")
        let text = try template.render(messages: [
            ["role": "assistant", "content": "a", "tool_calls": nil, "reasoning": "why"],
            ["role": "assistant", "content": "a", "thinking": "how"],
        ])
        #expect(text == "Falsewhywhy;Falsehowhow;")
    }

    @Test func letsTheCallOverrideTheTemplatesVariables() throws {
        let template = try ChatTemplate(
            source: "{{ bos_token }}{{ style }}", variables: ["bos_token": "<s>", "style": "a"])
        #expect(try template.render(messages: chat) == "<s>a")
        #expect(try template.render(messages: chat, variables: ["style": "b"]) == "<s>b")
    }

    @Test func tellsMissingToolsFromNoTools() throws {
        let template = try ChatTemplate(source: "{{ tools }}{{ documents is none }}")
        #expect(try template.render(messages: chat) == "NoneTrue")
        #expect(try template.render(messages: chat, tools: [], documents: []) == "[]False")
    }

    @Test func keepsComposedAndDecomposedTextApart() throws {
        let template = try ChatTemplate(
            source: "{{ 'e\\u0301' == 'é' }}{{ 'é' in messages[0].content }}"
                + "{{ {'é': 1, 'e\\u0301': 2}|length }}{{ messages[0].content|length }}")
        let text = try template.render(messages: [["role": "user", "content": "e\u{301}"]])
        #expect(text == "FalseFalse22")
    }

    @Test func tellsTheTimeOfItsClock() throws {
        let zone = try #require(TimeZone(secondsFromGMT: 3600))
        let template = try ChatTemplate(
            source: "{{ strftime_now('%d %b %Y %H:%M') }}",
            clock: .fixed(Date(timeIntervalSince1970: 1_733_234_709), timeZone: zone))
        // 14:05 in Greenwich is 15:05 an hour further east.
        #expect(try template.render(messages: chat) == "03 Dec 2024 15:05")
    }

    @Test func rendersFromManyTasksAtOnce() async throws {
        let template = try ChatTemplate(source: chatML)
        let texts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for index in 0..<200 {
                group.addTask {
                    let message: JSONValue = ["role": "user", "content": .string("\(index)")]
                    return (index, try template.render(messages: [message]))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for index in 0..<200 { #expect(texts[index] == "<|user|>\(index)<|end|>") }
    }

    @Test func beginsAnewWithEachRendering() throws {
        let template = try ChatTemplate(
            source: "{% set ns = namespace(n=0) %}{% set c = cycler('a', 'b') %}"
                + "{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ c.next() }}{% endfor %}{{ ns.n }}"
        )
        #expect(try template.render(messages: chat) == "ab2")
        #expect(try template.render(messages: chat) == "ab2")
    }
}
