import HoneCore

/// An OpenAI-compatible server that chats: `POST BASE/chat/completions`. What may pass is tried again as its
/// ``RetryPolicy`` says.
public struct HTTPChatEndpoint: ChatEndpoint {
    private let server: JSONServer

    /// - Parameters:
    ///   - base: the server's address up to `/chat/completions`.
    ///   - key: sent as a bearer token; never logged.
    ///   - timeout: of one try.
    ///   - retries: when to try again.
    ///   - concurrency: requests at once.
    ///   - requestsPerMinute: requests begun in a minute; `nil`: any number.
    public init(
        base: String, key: String? = nil, timeout: Duration = .seconds(30),
        retries: RetryPolicy = RetryPolicy(), concurrency: Int = 8,
        requestsPerMinute: Double? = nil
    ) {
        server = JSONServer(
            base: base, key: key, timeout: timeout, retries: retries, concurrency: concurrency,
            requestsPerMinute: requestsPerMinute)
    }

    public func answer(
        _ request: ChatRequest, before deadline: ContinuousClock.Instant
    ) async throws(ChatFailure) -> ChatAnswer {
        let (answer, attempts) = try await server.post(
            request.body, to: "/chat/completions", before: deadline, wanted: "chat completion",
            read: ChatAnswer.init(json:))
        var counted = answer
        counted.attempts = attempts
        return counted
    }
}

extension ChatAnswer {
    /// Reads OpenAI's chat completion; `nil` if `json` is none.
    fileprivate init?(json: JSONValue) {
        guard let message = json["choices"]?.arrayValue?.first?["message"],
            let text = message["content"]?.stringValue
        else { return nil }
        self.init(
            text: text, promptTokens: json["usage"]?["prompt_tokens"]?.intValue ?? 0,
            completionTokens: json["usage"]?["completion_tokens"]?.intValue ?? 0)
    }
}
