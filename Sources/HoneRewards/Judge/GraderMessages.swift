import HoneCore
import OrderedCollections

/// The `input` of OpenAI's model graders: messages whose texts are templates.
public struct GraderMessages: JudgePrompt, Hashable {
    /// As it was written.
    let source: JSONValue
    private let messages: [Message]

    private struct Message: Sendable, Hashable {
        let role: String
        let text: GraderTemplate
    }

    private static let roles = ["user", "assistant", "system", "developer"]

    func messages(
        for request: GradingRequest, completion: String, function: String
    ) throws(GraderFailure) -> [ChatMessage]? {
        var filled: [ChatMessage] = []
        for message in messages {
            guard
                let text = try message.text.text(
                    for: request.row, completion: completion, function: function)
            else { return nil }
            filled.append(ChatMessage(role: message.role, content: text))
        }
        return filled
    }
}

extension GraderMessages: ConfigValue {
    public static let form = ConfigForm.value(
        "a list of messages {role, content} with {{item.COLUMN}} and {{sample.output_text}}")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> GraderMessages? {
        guard let items = json.arrayValue, !items.isEmpty else {
            problems.append(ConfigProblem(path, "expected \(form.text), found \(json.kind)"))
            return nil
        }
        var messages: [Message] = []
        for (index, item) in items.enumerated() {
            guard let message = Self.message(item, at: path.index(index), &problems) else {
                return nil
            }
            messages.append(message)
        }
        return GraderMessages(source: json, messages: messages)
    }

    public var configJSON: JSONValue { source }

    private static func message(
        _ item: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Message? {
        guard let role = item["role"]?.stringValue, roles.contains(role) else {
            problems.append(
                ConfigProblem(path.key("role"), "is required: " + roles.joined(separator: ", ")))
            return nil
        }
        guard let content = item["content"] else {
            problems.append(
                ConfigProblem(path.key("content"), "is required: what the message says"))
            return nil
        }
        let place = path.key("content")
        var text = ""
        for part in content.arrayValue ?? [content] {
            guard let piece = Self.text(of: part) else {
                let kind = part["type"]?.stringValue ?? part.kind
                problems.append(
                    ConfigProblem(
                        place,
                        "expected text or parts of type input_text, found \(kind); images and "
                            + "sound are not sent to judges"))
                return nil
            }
            text += piece
        }
        return GraderTemplate.read(.string(text), at: place, &problems).map {
            Message(role: role, text: $0)
        }
    }

    private static func text(of part: JSONValue) -> String? {
        if let text = part.stringValue { return text }
        guard let type = part["type"]?.stringValue,
            ["input_text", "output_text", "text"].contains(type)
        else { return nil }
        return part["text"]?.stringValue
    }
}
