import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

@Suite struct TemplateFolderTests {
    /// A folder with the given files; it is removed when the body ends.
    private func withFolder(
        _ files: [String: String], _ body: (URL) throws -> Void
    ) throws {
        let folder = try ScratchFolder()
        for (name, text) in files { try folder.file(name, text) }
        try body(folder.url)
    }

    private let hi: [JSONValue] = [["role": "user", "content": "Hi"]]

    @Test func readsTheTemplateAndTheTokensOfTheConfiguration() throws {
        let config = """
            {"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}\
            {{ image_token }}{{ pad_token is defined }}", "bos_token": "<s>", \
            "eos_token": {"__type": "AddedToken", "content": "</s>", "lstrip": false}, \
            "pad_token": null, "image_token": "<img>", "added_tokens_decoder": {}}
            """
        try withFolder(["tokenizer_config.json": config]) { folder in
            let template = try ChatTemplate(folder: folder)
            #expect(try template.render(messages: hi) == "<s>Hi</s><img>False")
        }
    }

    @Test func takesFilesBeforeTheConfiguration() throws {
        try withFolder([
            "tokenizer_config.json": #"{"chat_template": "config"}"#,
            "chat_template.jinja": "file\n",
            "additional_chat_templates/rag.jinja": "rag",
            "additional_chat_templates/notes.txt": "not a template",
        ]) { folder in
            let set = try ChatTemplateSet(folder: folder)
            #expect(Array(set.sources.keys) == ["default", "rag"])
            let (main, rag) = (try set.template(), try set.template(named: "rag"))
            #expect(try main.render(messages: hi) == "file")
            #expect(try rag.render(messages: hi) == "rag")
        }
    }

    @Test func choosesAmongNamedTemplates() throws {
        let config = """
            {"chat_template": [{"name": "default", "template": "plain"}, \
            {"name": "tool_use", "template": "tools"}]}
            """
        try withFolder(["tokenizer_config.json": config]) { folder in
            let set = try ChatTemplateSet(folder: folder)
            #expect(try set.name(nil, withTools: false) == "default")
            #expect(try set.name(nil, withTools: true) == "tool_use")
            #expect(try set.name("default", withTools: true) == "default")
            #expect {
                _ = try set.name("rag", withTools: false)
            } throws: {
                "\($0)".contains("no chat template named 'rag'; it has: default, tool_use")
            }
        }
    }

    @Test func asksForANameWhereThereIsNoDefault() throws {
        let config = #"{"chat_template": [{"name": "a", "template": "1"}]}"#
        try withFolder(["tokenizer_config.json": config]) { folder in
            #expect { _ = try ChatTemplate(folder: folder) } throws: {
                "\($0)".contains("name one of: a")
            }
            let named = try ChatTemplate(folder: folder, name: "a")
            #expect(try named.render(messages: hi) == "1")
        }
    }

    @Test func readsTheOlderFiles() throws {
        try withFolder([
            "chat_template.json": #"{"chat_template": "{{ bos_token }}old"}"#,
            "tokenizer_config.json": #"{"bos_token": "<config>"}"#,
            "special_tokens_map.json": #"{"bos_token": {"content": "<map>"}}"#,
        ]) { folder in
            let template = try ChatTemplate(folder: folder)
            #expect(try template.render(messages: hi) == "<map>old")
        }
    }

    @Test func saysWhereAFileIsWrong() throws {
        let wrong: [([String: String], String)] = [
            ([:], "has no chat template"),
            (["tokenizer_config.json": "{"], "tokenizer_config.json: line 1"),
            (["tokenizer_config.json": #"{"chat_template": 5}"#], "must be text or a list"),
            (["tokenizer_config.json": #"{"chat_template": [{"name": "a"}]}"#], "chat_template[0]"),
            (["chat_template.jinja": "{% if %}"], "chat_template.jinja:1:7: TemplateSyntaxError"),
        ]
        for (files, message) in wrong {
            try withFolder(files) { folder in
                #expect {
                    _ = try ChatTemplate(folder: folder)
                } throws: { "\($0)".contains(message) }
            }
        }
    }

    @Test func refusesATemplateThatIsNoText() throws {
        try withFolder([:]) { folder in
            try Data([0x61, 0xFF, 0xFE]).write(to: folder.appending(path: "chat_template.jinja"))
            #expect {
                _ = try ChatTemplate(folder: folder)
            } throws: { "\($0)".contains("not valid UTF-8") }
        }
    }
}
