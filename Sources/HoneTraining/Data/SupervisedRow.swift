import HoneCore
import OrderedCollections

/// One example to learn from, as text.
public struct SupervisedRow: Sendable, Hashable {
    /// Position in the file, from 0.
    public var index: Int
    public var content: Content
    /// Every column of the source row.
    public var columns: JSONObject

    public enum Content: Sendable, Hashable {
        /// The completion of a prompt.
        case completion(prompt: DatasetRow.Prompt, completion: String)
        /// A conversation, whose answers by the assistant are learnt.
        case conversation([ChatMessage])
        /// One text, all of which is learnt.
        case text(String)
    }

    public init(index: Int, content: Content, columns: JSONObject) {
        self.index = index
        self.content = content
        self.columns = columns
    }
}

extension SupervisedRow.Content {
    /// A number that two rows share when they teach the same.
    var fingerprint: UInt64 {
        switch self {
        case .completion(let prompt, let completion):
            SplitMix.mixed(Fingerprint.of(prompt) &+ Fingerprint.of(completion))
        case .conversation(let messages): Fingerprint.of(.messages(messages))
        case .text(let text): Fingerprint.of(text)
        }
    }
}

/// Makes supervised rows.
struct SupervisedBuilder: Sendable {
    private let config: DatasetConfig
    private let prompts: PromptBuilder
    private let template: TextTemplate?

    init(_ config: DatasetConfig) throws(TextTemplateError) {
        self.config = config
        prompts = try PromptBuilder(config.prompt)
        if let text = config.completion.template {
            template = try TextTemplate(text)
        } else {
            template = nil
        }
    }

    /// What `row` teaches: a prompt with its completion if it has both; else its conversation; else
    /// its text.
    /// - Throws: ``DatasetError/BadRow`` when it has none of these.
    func row(_ row: SourceRow, index: Int) throws(DatasetError.BadRow) -> SupervisedRow {
        SupervisedRow(index: index, content: try content(of: row), columns: row.columns)
    }

    private func content(of row: SourceRow) throws(DatasetError.BadRow) -> SupervisedRow.Content {
        let completionColumn = config.completion.column
        let hasPrompt =
            prompts.isWritten || row.columns[config.prompt.column] != nil
        if hasPrompt, template != nil || row.columns[completionColumn] != nil {
            return .completion(
                prompt: try prompts.prompt(of: row), completion: try completion(of: row))
        }
        if row.columns[config.prompt.messagesColumn] != nil {
            guard case .messages(let turns) = try prompts.prompt(of: row) else {
                throw row.bad("is no conversation")
            }
            guard turns.last?.role == "assistant" else {
                throw row.bad("the conversation does not end with an answer of the assistant")
            }
            return .conversation(turns)
        }
        if let text = row.columns[config.completion.textColumn] {
            guard let text = text.stringValue else {
                throw row.bad("\(config.completion.textColumn) is \(text.kind); expected a string")
            }
            return .text(text)
        }
        throw row.bad(
            "nothing to learn: neither \(config.prompt.column) with \(completionColumn), nor "
                + "\(config.prompt.messagesColumn), nor \(config.completion.textColumn) among its "
                + "columns \(row.columnList)")
    }

    private func completion(of row: SourceRow) throws(DatasetError.BadRow) -> String {
        if let template { return try row.filling(template) }
        let column = config.completion.column
        switch row.columns[column] {
        case .string(let text)?: return text
        case .array?:
            let turns = try Conversation.messages(of: row, in: column)
            guard turns.count == 1, turns[0].role == "assistant" else {
                throw row.bad("\(column) must be one message of the assistant")
            }
            return turns[0].content
        case let other:
            throw row.bad("\(column) is \(other?.kind ?? "absent"); expected a string")
        }
    }
}
