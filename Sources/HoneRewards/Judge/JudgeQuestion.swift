import HoneCore
import OrderedCollections

/// What a judge is asked about a completion.
struct JudgeQuestion: Sendable {
    let model: String
    let prompt: any JudgePrompt
    let scale: JudgeScale
    let sampling: ChatSampling
    let isStructured: Bool

    /// The question about `completion`; `nil` if it needs something of the completion that is not there.
    /// - Throws: a failure that names what the row lacks.
    func request(
        _ request: GradingRequest, completion: String, function: String
    ) throws(GraderFailure) -> ChatRequest? {
        guard
            var messages = try prompt.messages(
                for: request, completion: completion, function: function)
        else { return nil }
        // Chat templates of many models take one system message, and only at the beginning.
        if let first = messages.first, ["system", "developer"].contains(first.role) {
            messages[0].content += "\n\n" + scale.instructions
        } else {
            messages.insert(ChatMessage(role: "system", content: scale.instructions), at: 0)
        }
        return ChatRequest(
            model: model, messages: messages, sampling: sampling,
            schema: isStructured ? scale.schema : nil)
    }
}

/// How a row and a completion become messages to a judge.
protocol JudgePrompt: Sendable {
    /// The messages; `nil` if the completion lacks what they are to hold.
    /// - Throws: a failure that names what the row lacks.
    func messages(
        for request: GradingRequest, completion: String, function: String
    ) throws(GraderFailure) -> [ChatMessage]?
}

/// A system message, and a template with `{prompt}`, `{completion}` and the row's columns.
struct TemplatePrompt: JudgePrompt {
    let system: String
    let template: TextTemplate

    func messages(
        for request: GradingRequest, completion: String, function: String
    ) throws(GraderFailure) -> [ChatMessage]? {
        var columns = request.row.columns
        columns["prompt"] = .string(request.prompt)
        columns["completion"] = .string(completion)
        guard let text = template.text(columns) else {
            let missing = template.columns.filter { columns[$0] == nil }
            throw GraderFailure(
                function: function, kind: .unavailable,
                message:
                    "row \(request.row.index) has no \(missing.joined(separator: ", ")), which "
                    + "the judge's template names; it has " + columns.keys.joined(separator: ", "))
        }
        return [
            ChatMessage(role: "system", content: system),
            ChatMessage(role: "user", content: text),
        ]
    }
}
