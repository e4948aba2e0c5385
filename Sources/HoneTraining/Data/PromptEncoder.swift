import HoneCore
import HoneText
import OrderedCollections

/// Turns text into token ids; what data preparation needs of a tokenizer.
public protocol TextEncoding: Sendable {
    /// The ids of `text`; with special tokens, those that the tokenizer puts around any text (BOS).
    func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32]
}

/// Turns a conversation into text; what data preparation needs of a chat template.
public protocol ConversationRendering: Sendable {
    func render(_ messages: [ChatMessage], ending: ConversationEnding) throws -> String
}

/// How the text of a conversation ends.
public enum ConversationEnding: Sendable, Hashable {
    /// After the last message, with the marks that end it.
    case complete
    /// With the marks that begin an answer of the assistant.
    case answerBegins
    /// Inside the last message, which is to be continued.
    case lastMessageContinues
}

/// Turns rows into prompts of token ids.
public struct PromptEncoder: Sendable {
    public var tokenizer: any TextEncoding
    /// `nil` for a model without chat template, which can only be asked with text.
    public var template: (any ConversationRendering)?

    public init(tokenizer: any TextEncoding, template: (any ConversationRendering)?) {
        self.tokenizer = tokenizer
        self.template = template
    }

    /// The prompt of `row` as the model will see it.
    ///
    /// Text is encoded with the tokenizer's special tokens. A conversation goes through the chat
    /// template, which writes its own special tokens; a last message of the assistant stays open, so
    /// that the completion continues it.
    /// - Throws: ``EncodingError`` when a conversation meets a model without chat template, or the
    ///   template refuses it.
    public func encode(_ row: DatasetRow) throws -> EncodedPrompt {
        let text = try text(of: row.prompt, row: row.index)
        return EncodedPrompt(row: row, text: text, tokens: try tokens(of: row.prompt, text: text))
    }

    /// The text of `prompt`; `row` names it in errors.
    func text(of prompt: DatasetRow.Prompt, row: Int) throws -> String {
        switch prompt {
        case .text(let text): return text
        case .messages(let messages):
            let isOpen = messages.last?.role == "assistant"
            return try render(
                messages, ending: isOpen ? .lastMessageContinues : .answerBegins, row: row)
        }
    }

    func tokens(of prompt: DatasetRow.Prompt, text: String) throws -> [Int32] {
        switch prompt {
        case .text: try tokenizer.encode(text, addSpecialTokens: true)
        case .messages: try tokenizer.encode(text, addSpecialTokens: false)
        }
    }

    func render(_ messages: [ChatMessage], ending: ConversationEnding, row: Int) throws -> String {
        guard let template else { throw EncodingError.noChatTemplate(row: row) }
        do {
            return try template.render(messages, ending: ending)
        } catch {
            throw EncodingError.template(row: row, reason: "\(error)")
        }
    }
}

/// Why a row could not be turned into token ids.
public enum EncodingError: Error, Sendable, Hashable, CustomStringConvertible {
    case noChatTemplate(row: Int)
    case template(row: Int, reason: String)
    /// What the template writes before an answer is not the beginning of what it writes with it.
    case unstableTemplate(row: Int)
    case nothingToLearn(row: Int)

    public var description: String {
        switch self {
        case .noChatTemplate(let row):
            "row \(row) is a conversation, but the model's folder has no chat template; ask with "
                + "text (dataset.prompt.style: text), or add chat_template.jinja to the folder"
        case .template(let row, let reason): "row \(row): the chat template refuses it: \(reason)"
        case .unstableTemplate(let row):
            "row \(row): the chat template writes earlier messages differently once an answer "
                + "follows, so the answer's tokens cannot be told apart; set sft.assistant_turns: "
                + "last, or sft.completion_only_loss: false with rows of text"
        case .nothingToLearn(let row): "row \(row) has an empty completion, so nothing to learn"
        }
    }
}
