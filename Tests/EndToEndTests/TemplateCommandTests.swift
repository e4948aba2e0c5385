import Foundation
import TestSupport
import Testing

/// `hone template` as a user runs it.
@Suite struct TemplateCommandTests {
    private let template = """
        {{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}
        {% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}{% endfor %}
        {%- if add_generation_prompt %}[assistant]{% endif %}{{ tone }}
        """

    @Test func answersEachRowAndReportsThoseTheTemplateRefuses() async throws {
        let folder = try ScratchFolder()
        try folder.file("chat_template.jinja", template)
        try folder.file("additional_chat_templates/short.jinja", "{{ messages|length }}")
        try folder.file("tokenizer_config.json", #"{"bos_token": "<s>"}"#)
        let rows = """
            {"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true}
            {"messages": [{"role": "tool", "content": "42"}]}
            {"messages": [{"role": "user", "content": "Hi"}], "chat_template": "short"}
            {"messages": "Hi"}
            {"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}], \
            "continue_final_message": true, "variables": {"tone": "!"}}
            """
        let outcome = try await HoneProgram.run(
            ["template", "--model", folder.url.path, "--input", "-"], input: rows)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0] == #"{"index":0,"text":"<s>[user] Hi\n[assistant]"}"#)
        #expect(lines[1].contains("no tools here"))
        #expect(lines[1].contains("chat_template.jinja:2:"))
        #expect(lines[2] == #"{"index":2,"text":"1"}"#)
        #expect(lines[3].contains(#"\"messages\" must be a list, not a string"#))
        #expect(lines[4] == #"{"index":4,"text":"<s>[user] A\n[assistant] B"}"#)
        #expect(outcome.exitCode == 65)
    }

    @Test func refusesAFolderWithoutATemplate() async throws {
        let folder = try ScratchFolder()
        let outcome = try await HoneProgram.run(
            ["template", "--model", folder.url.path, "--input", "-"])
        #expect(outcome.exitCode == 65)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("has no chat template"))
    }
}
