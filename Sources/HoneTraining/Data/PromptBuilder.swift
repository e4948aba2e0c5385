import HoneCore
import OrderedCollections

/// Makes the prompt of a row, as ``PromptConfig`` describes.
struct PromptBuilder: Sendable {
    private let config: PromptConfig
    private let system: TextTemplate?
    private let template: TextTemplate?
    private let prefill: TextTemplate?
    private let messages: [(role: String, content: TextTemplate)]?

    /// - Throws: when a template has an unpaired brace.
    init(_ config: PromptConfig) throws(TextTemplateError) {
        self.config = config
        system = try Self.template(config.system)
        template = try Self.template(config.template)
        prefill = try Self.template(config.prefill)
        guard let turns = config.messages else {
            messages = nil
            return
        }
        var parsed: [(role: String, content: TextTemplate)] = []
        for turn in turns { parsed.append((turn.role, try TextTemplate(turn.content))) }
        messages = parsed
    }

    private static func template(_ text: String?) throws(TextTemplateError) -> TextTemplate? {
        guard let text else { return nil }
        return try TextTemplate(text)
    }

    /// Whether the recipe writes the prompt, so that the row's own `prompt` and `messages` play no
    /// part.
    var isWritten: Bool { template != nil || messages != nil }

    /// Columns that the templates name.
    var columns: [String] {
        let templates =
            [system, template, prefill].compactMap { $0 } + (messages ?? []).map(\.content)
        return templates.flatMap(\.columns)
    }

    /// The prompt of `row`.
    /// - Throws: ``DatasetError/BadRow`` when the row has no prompt, two of them, or not the columns
    ///   that a template names.
    func prompt(of row: SourceRow) throws(DatasetError.BadRow) -> DatasetRow.Prompt {
        if let messages {
            var turns: [ChatMessage] = []
            for turn in messages {
                turns.append(
                    ChatMessage(role: turn.role, content: try fill(turn.content, from: row)))
            }
            return .messages(turns)
        }
        if let template { return try asked(fill(template, from: row), of: row) }
        switch try ownPrompt(of: row) {
        case .text(let text): return try asked(text, of: row)
        case .messages(let turns): return .messages(try framed(turns, of: row))
        }
    }

    /// The prompt that the row brings: its text, or its conversation.
    private func ownPrompt(of row: SourceRow) throws(DatasetError.BadRow) -> DatasetRow.Prompt {
        let text = row.columns[config.column]
        let conversation = row.columns[config.messagesColumn]
        switch (text, conversation) {
        case (.some, .some):
            throw row.bad(
                "has both \(config.column) and \(config.messagesColumn); remove one, or rename it "
                    + "with dataset.columns")
        case (.string(let text)?, nil): return .text(text)
        case (.array?, nil): return .messages(try Conversation.messages(of: row, in: config.column))
        case (nil, .some):
            return .messages(try Conversation.messages(of: row, in: config.messagesColumn))
        case (let value?, nil):
            throw row.bad("\(config.column) is \(value.kind); expected a string")
        case (nil, nil):
            throw row.bad(
                "no prompt: neither \(config.column) nor \(config.messagesColumn) among its columns "
                    + row.columnList
                    + "; a prompt is made of other columns by dataset.prompt.template")
        }
    }

    /// The prompt that asks `text`.
    private func asked(_ text: String, of row: SourceRow) throws(DatasetError.BadRow)
        -> DatasetRow.Prompt
    {
        let isChat = system != nil || prefill != nil
        switch config.style ?? (isChat ? .chat : .text) {
        case .text:
            guard let prefill else { return .text(text) }
            return .text(text + (try fill(prefill, from: row)))
        case .chat:
            return .messages(try framed([ChatMessage(role: "user", content: text)], of: row))
        }
    }

    /// `turns` with the recipe's system message before and its prefill after them.
    private func framed(_ turns: [ChatMessage], of row: SourceRow) throws(DatasetError.BadRow)
        -> [ChatMessage]
    {
        guard config.style != .text else {
            throw row.bad("is a conversation, which dataset.prompt.style: text cannot show")
        }
        var turns = turns
        if let system {
            guard turns.first?.role != "system" else {
                throw row.bad(
                    "has a system message of its own; remove it, or dataset.prompt.system")
            }
            turns.insert(
                ChatMessage(role: "system", content: try fill(system, from: row)), at: 0)
        }
        if let prefill {
            guard turns.last?.role != "assistant" else {
                throw row.bad(
                    "ends with an assistant's message of its own; remove it, or "
                        + "dataset.prompt.prefill")
            }
            turns.append(
                ChatMessage(role: "assistant", content: try fill(prefill, from: row)))
        }
        return turns
    }

    private func fill(_ template: TextTemplate, from row: SourceRow) throws(DatasetError.BadRow)
        -> String
    { try row.filling(template) }
}

extension SourceRow {
    func bad(_ message: String) -> DatasetError.BadRow {
        DatasetError.BadRow(line: line, message: message)
    }

    /// "(nums, target)".
    var columnList: String { "(\(columns.keys.joined(separator: ", ")))" }

    /// `template` filled with this row's columns.
    func filling(_ template: TextTemplate) throws(DatasetError.BadRow) -> String {
        if let text = template.text(columns) { return text }
        let missing = template.columns.first { columns[$0] == nil } ?? ""
        let near = KeySuggestion.nearest(to: missing, among: Array(columns.keys))
        let remedy = near.map { "; did you mean {\($0)}?" } ?? ""
        throw bad(
            "the template names {\(missing)}, which is not among its columns \(columnList)\(remedy)"
        )
    }
}
