import HoneCore

/// Turns supervised rows into token ids and says which of them are learnt.
///
/// Prompt and completion are encoded apart and joined, so the model learns the very tokens it will be
/// asked to continue.
public struct SupervisedEncoder: Sendable {
    public var prompts: PromptEncoder
    /// Put after a completion or text outside a conversation; inside one the chat template says how
    /// an answer ends. `nil` puts nothing.
    public var endToken: Int32?
    public var completionOnlyLoss: Bool
    public var assistantTurns: SFTConfig.AssistantTurns

    public init(
        prompts: PromptEncoder, endToken: Int32?, completionOnlyLoss: Bool,
        assistantTurns: SFTConfig.AssistantTurns
    ) {
        self.prompts = prompts
        self.endToken = endToken
        self.completionOnlyLoss = completionOnlyLoss
        self.assistantTurns = assistantTurns
    }

    /// The tokens of `row`. The first is never learnt, for nothing comes before it.
    /// - Throws: ``EncodingError``.
    public func encode(_ row: SupervisedRow) throws -> SupervisedExample {
        var pieces = try pieces(of: row)
        if !completionOnlyLoss {
            for index in pieces.indices { pieces[index].isLearnt = true }
        }
        var example = SupervisedExample(
            tokens: pieces.flatMap(\.tokens),
            isTrained: pieces.flatMap { Array(repeating: $0.isLearnt, count: $0.tokens.count) },
            row: row.index)
        if !example.isTrained.isEmpty { example.isTrained[0] = false }
        guard example.isTrained.contains(true) else {
            throw EncodingError.nothingToLearn(row: row.index)
        }
        return example
    }

    private struct Piece {
        var tokens: [Int32]
        var isLearnt: Bool
    }

    private func pieces(of row: SupervisedRow) throws -> [Piece] {
        let end = endToken.map { [$0] } ?? []
        switch row.content {
        case .text(let text):
            let tokens = try prompts.tokenizer.encode(text, addSpecialTokens: true)
            return [Piece(tokens: tokens + end, isLearnt: true)]
        case .completion(.text(let prompt), let completion):
            let asked = try prompts.tokenizer.encode(prompt, addSpecialTokens: true)
            let answer = try prompts.tokenizer.encode(completion, addSpecialTokens: false)
            return [
                Piece(tokens: asked, isLearnt: false),
                Piece(tokens: answer + end, isLearnt: true),
            ]
        case .completion(.messages(let messages), let completion):
            var whole = messages
            if let last = messages.last, last.role == "assistant" {
                whole[whole.count - 1].content = last.content + completion
            } else {
                whole.append(ChatMessage(role: "assistant", content: completion))
            }
            let asked = try prompts.text(of: .messages(messages), row: row.index)
            let text = try prompts.render(whole, ending: .complete, row: row.index)
            return try joined([asked, text], row: row.index)
        case .conversation(let messages): return try turns(messages, row: row.index)
        }
    }

    /// The pieces of a conversation, each answer that is learnt as one.
    private func turns(_ messages: [ChatMessage], row: Int) throws -> [Piece] {
        var answers = messages.indices.filter { messages[$0].role == "assistant" }
        if assistantTurns == .last { answers = answers.suffix(1) }
        var texts: [String] = []
        for answer in answers {
            texts.append(
                try prompts.render(Array(messages[..<answer]), ending: .answerBegins, row: row))
            texts.append(
                try prompts.render(Array(messages[...answer]), ending: .complete, row: row))
        }
        return try joined(texts, row: row)
    }

    /// The pieces between texts that begin with one another: not learnt, learnt, not learnt, ….
    private func joined(_ texts: [String], row: Int) throws -> [Piece] {
        var pieces: [Piece] = []
        var written = ""
        for (position, text) in texts.enumerated() {
            // Bytes, not characters: a boundary may fall inside a character of several scalars.
            guard text.utf8.starts(with: written.utf8) else {
                throw EncodingError.unstableTemplate(row: row)
            }
            let rest = String(decoding: text.utf8.dropFirst(written.utf8.count), as: UTF8.self)
            pieces.append(
                Piece(
                    tokens: try prompts.tokenizer.encode(rest, addSpecialTokens: false),
                    isLearnt: position % 2 == 1))
            written = text
        }
        return pieces
    }
}
