import HoneCore
import OrderedCollections

/// A chat model elsewhere that can be asked: what a judge needs of a server.
public protocol ChatEndpoint: Sendable {
    /// The model's answer.
    /// - Parameters:
    ///   - request: what is asked.
    ///   - deadline: when an answer is of no use any more; tries that cannot end before are not begun.
    /// - Throws: ``ChatFailure``, after all tries that its policy allows.
    func answer(
        _ request: ChatRequest, before deadline: ContinuousClock.Instant
    ) async throws(ChatFailure) -> ChatAnswer
}

/// One question to a chat model.
public struct ChatRequest: Sendable, Hashable {
    public var model: String
    public var messages: [ChatMessage]
    public var sampling: ChatSampling
    /// JSON schema that the answer must follow; `nil` leaves its form open.
    public var schema: JSONObject?

    public init(
        model: String, messages: [ChatMessage], sampling: ChatSampling = ChatSampling(),
        schema: JSONObject? = nil
    ) {
        self.model = model
        self.messages = messages
        self.sampling = sampling
        self.schema = schema
    }

    /// The body of OpenAI's `POST /chat/completions`.
    var body: JSONValue {
        var members: JSONObject = [
            "model": .string(model), "messages": .array(messages.map(\.json)),
        ]
        sampling.put(into: &members)
        if let schema {
            members["response_format"] = [
                "type": "json_schema",
                "json_schema": ["name": "verdict", "strict": true, "schema": .object(schema)],
            ]
        }
        return .object(members)
    }
}

/// How an answer is drawn. What is `nil` is left to the server.
public struct ChatSampling: Sendable, Hashable {
    public var temperature: Double?
    /// Most tokens of the answer.
    public var maxTokens: Int?
    public var topP: Double?
    public var seed: Int?
    /// Such as `low`, for models that reason.
    public var reasoningEffort: String?

    public init(
        temperature: Double? = 0, maxTokens: Int? = 512, topP: Double? = nil, seed: Int? = nil,
        reasoningEffort: String? = nil
    ) {
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.topP = topP
        self.seed = seed
        self.reasoningEffort = reasoningEffort
    }

    fileprivate func put(into members: inout JSONObject) {
        if let temperature { members["temperature"] = .double(temperature) }
        if let maxTokens { members["max_tokens"] = .int(maxTokens) }
        if let topP { members["top_p"] = .double(topP) }
        if let seed { members["seed"] = .int(seed) }
        if let reasoningEffort { members["reasoning_effort"] = .string(reasoningEffort) }
    }
}

/// What a chat model said, and what it took.
public struct ChatAnswer: Sendable, Hashable {
    public var text: String
    public var promptTokens: Int
    public var completionTokens: Int
    /// Tries it took, from 1.
    public var attempts: Int

    public init(text: String, promptTokens: Int = 0, completionTokens: Int = 0, attempts: Int = 1) {
        self.text = text
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.attempts = attempts
    }
}

/// Why there is no answer.
public enum ChatFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The server said no, and would say so again: a wrong key, an unknown model.
    case refused(status: Int, message: String)
    /// The last of several tries failed in a way that might have passed.
    case exhausted(attempts: Int, last: String)
    /// The time was up; `last` is what the last try met, if there was one.
    case late(last: String?)

    public var description: String {
        switch self {
        case .refused(let status, let message):
            "the endpoint refused with status \(status): \(message)"
        case .exhausted(let attempts, let last): "no answer after \(attempts) tries: \(last)"
        case .late(let last): "no answer in time" + (last.map { "; the last try: \($0)" } ?? "")
        }
    }
}
