import ArgumentParser
import Foundation
import HoneCore
import HoneText
import OrderedCollections

struct Template: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the text a model's chat template makes of messages.",
        discussion: """
            Each row of the input is a conversation: {"messages": [{"role": "user", "content": \
            "Hi"}], "add_generation_prompt": true} gives {"index": 0, "text": "…"}. Rows may also \
            have "continue_final_message", "tools", "documents", "chat_template" (the name of one \
            of the model's templates) and "variables" (an object of further variables). A row that \
            the template refuses gives {"index": 0, "error": "…"} with the template's line and \
            column, and exit code 65 at the end.

            Examples:
              hone template --model DIR --input chats.jsonl
              hone template --model DIR --input - < chats.jsonl
            """)

    @Option(help: ArgumentHelp("A model folder with a chat template.", valueName: "folder"))
    var model: String

    @Option(help: ArgumentHelp("A file of rows, or - for standard input.", valueName: "file"))
    var input: String

    @OptionGroup var form: RowsAreJSON

    func run() throws {
        var templates = try TemplateCache(folder: model)
        var rows = try RowStream(path: input)
        try rows.answer { [try Self.answer($0, &templates)] }
    }

    private static func answer(
        _ row: JSONObject, _ templates: inout TemplateCache
    ) throws -> JSONObject {
        guard let messages = try row.array("messages") else {
            throw row.lacks(["messages"])
        }
        let tools = try row.array("tools")
        let template = try templates.template(
            named: try row.string("chat_template"), withTools: tools != nil)
        let text = try template.render(
            messages: messages,
            addGenerationPrompt: try row.bool("add_generation_prompt") ?? false,
            continueFinalMessage: try row.bool("continue_final_message") ?? false,
            tools: tools, documents: try row.array("documents"),
            variables: try row.object("variables") ?? [:])
        return ["text": .string(text)]
    }
}

/// The templates of a folder, each parsed when it is first asked for.
private struct TemplateCache {
    private let templates: ChatTemplateSet
    private var parsed: [String: ChatTemplate] = [:]

    /// - Throws: exit code 65 where the folder has no chat template.
    init(folder: String) throws {
        do throws(ChatTemplateFolderError) {
            templates = try ChatTemplateSet(folder: URL(filePath: folder))
        } catch {
            StandardError.write(line: "Error: \(error)")
            throw RowStream.badData
        }
    }

    mutating func template(named name: String?, withTools: Bool) throws -> ChatTemplate {
        let name = try templates.name(name, withTools: withTools)
        if let template = parsed[name] { return template }
        let template = try templates.template(named: name)
        parsed[name] = template
        return template
    }
}

extension JSONObject {
    /// The list under `key`, nil if there is none or null.
    fileprivate func array(_ key: String) throws -> [JSONValue]? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let values = value.arrayValue else {
            throw RowStream.RowError("\"\(key)\" must be a list, not \(value.kind)")
        }
        return values
    }

    /// The object under `key`, nil if there is none or null.
    fileprivate func object(_ key: String) throws -> JSONObject? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let members = value.objectValue else {
            throw RowStream.RowError("\"\(key)\" must be an object, not \(value.kind)")
        }
        return members
    }
}
