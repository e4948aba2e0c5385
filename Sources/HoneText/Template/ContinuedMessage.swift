import HoneCore
import OrderedCollections

/// Lets a completion go on where the last message stops: the message is given a mark at its end,
/// and the rendered text is cut at the mark.
///
/// Source: `render_jinja_template` in transformers' `chat_template_utils.py`, 5.23.
struct ContinuedMessage {
    private static let mark = "CONTINUE_FINAL_MESSAGE_TAG "
    private let text: String

    /// Marks the last message of `messages`.
    init(marking messages: inout [JSONValue], template: String) throws(TemplateError) {
        guard let last = messages.last, case .object(var message) = last else {
            throw TemplateError(
                .value, "continue_final_message is set but the conversation is empty!")
        }
        guard TextSearch.contains("content", in: template) else {
            throw TemplateError(
                .value,
                "continue_final_message is set to \"content\" but this is not an accepted field "
                    + "in the chat_template")
        }
        switch message["content"] {
        case .string(let content)?:
            text = content
            message["content"] = .string(content + Self.mark)
        case .array(var blocks)?:
            let index = blocks.lastIndex { $0["text"] != nil }
            guard let index, case .object(var block) = blocks[index],
                case .string(let content)? = block["text"]
            else {
                throw TemplateError(
                    .value,
                    "continue_final_message is set but we could not find any text to continue in "
                        + "the final message!")
            }
            text = content
            block["text"] = .string(content + Self.mark)
            blocks[index] = .object(block)
            message["content"] = .array(blocks)
        case .null?, nil:
            throw TemplateError(
                .value,
                "continue_final_message is set but the final message has no \"content\" to "
                    + "continue!")
        case let other?:
            throw TemplateError(
                .type, "the content of the final message is \(other.kind), not text")
        }
        messages[messages.count - 1] = .object(message)
    }

    /// `rendered` up to the mark. Where the template trimmed the message, so is its end.
    func cut(_ rendered: String) throws(TemplateError) -> String {
        let mark = Self.mark.pythonStripped()
        let bytes = Array(rendered.utf8)
        guard TextSearch.contains(text.pythonStripped(), in: rendered),
            let place = TextSearch.last(Array(mark.utf8), in: bytes)
        else {
            throw TemplateError(
                .value,
                "continue_final_message is set but the final message does not appear in the chat "
                    + "after applying the chat template! This can happen if the chat template "
                    + "deletes portions of the final message. Final message to continue: "
                    + "\(text.pythonStripped())")
        }
        let kept = String(decoding: bytes[..<place], as: UTF8.self)
        let isWhole = bytes[place...].starts(with: Array(Self.mark.utf8))
        return isWhole ? kept : kept.pythonStripped(start: false)
    }
}
