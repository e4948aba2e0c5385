import Foundation
import HoneCore
import HoneText
import HoneTraining
import OrderedCollections

/// Makes token ids of what a user asks: text, a conversation, or ids.
struct PromptReader {
    let text: ModelText

    /// The ids of a row with `prompt_ids`, `prompt` or `messages`.
    func tokens(of row: JSONObject) throws -> [Int32] {
        let given = ["prompt_ids", "prompt", "messages"].filter {
            row[$0].map { !$0.isNull } ?? false
        }
        guard !given.isEmpty else { throw row.lacks(["prompt", "messages", "prompt_ids"]) }
        guard given.count == 1 else {
            throw RowStream.RowError("the row has both \"\(given[0])\" and \"\(given[1])\"")
        }
        if let ids = try row.tokenIDs("prompt_ids") { return ids }
        if let prompt = try row.string("prompt") { return try tokens(of: prompt) }
        return try tokens(of: Self.messages(row["messages"] ?? .null))
    }

    /// Text as the tokenizer's post-processor wants it: with a token that begins a sequence where the
    /// model has one.
    func tokens(of prompt: String) throws -> [Int32] {
        try text.tokenizer.encode(prompt, addSpecialTokens: true)
    }

    /// A conversation through the chat template, which writes its own special tokens. A last message of
    /// the assistant is continued.
    func tokens(of messages: [ChatMessage]) throws -> [Int32] {
        guard let template = text.template else {
            throw RowStream.RowError(
                "the model has no chat template; give it a prompt instead of messages")
        }
        let isOpen = messages.last?.role == "assistant"
        let prompt = try template.render(
            messages, ending: isOpen ? .lastMessageContinues : .answerBegins)
        return try text.tokenizer.encode(prompt, addSpecialTokens: false)
    }

    /// Messages from a list of objects, or from an object that has such a list as `messages`.
    static func messages(_ json: JSONValue) throws -> [ChatMessage] {
        guard let list = json.arrayValue ?? json["messages"]?.arrayValue, !list.isEmpty else {
            throw RowStream.RowError("messages must be a list with at least one message")
        }
        return try list.enumerated().map { position, message in
            guard var members = message.objectValue else {
                throw RowStream.RowError(
                    "messages[\(position)] must be an object such as {\"role\": \"user\", "
                        + "\"content\": \"…\"}, not \(message.kind)")
            }
            guard let role = try members.string("role") else {
                throw RowStream.RowError(
                    "messages[\(position)] has no \"role\" (system, user or assistant); its keys are "
                        + members.keys.joined(separator: ", "))
            }
            let content = try members.string("content") ?? ""
            members["role"] = nil
            members["content"] = nil
            return ChatMessage(role: role, content: content, extra: members)
        }
    }
}
