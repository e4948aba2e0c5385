import Foundation
import HoneCore
import HoneModels
import HoneText

/// The text half of a model folder: tokenizer, chat template, and how texts end. No weights.
public struct ModelText: Sendable {
    public let tokenizer: Tokenizer
    /// `nil` for a model that was never taught conversations.
    public let template: ChatTemplate?
    /// Put after a supervised completion outside a conversation.
    public let endToken: Int32?

    /// Reads `tokenizer.json` and the chat template of `folder`.
    /// - Throws: `TokenizerError`, `TemplateError`.
    public init(folder: URL) throws {
        let tokenizer = try Tokenizer(folder: folder)
        self.tokenizer = tokenizer
        do {
            template = try ChatTemplate(folder: folder)
        } catch ChatTemplateFolderError.none {
            template = nil
        }
        endToken = tokenizer.configuration.eosToken.flatMap { tokenizer.id(of: $0) }.map(Int32.init)
    }
}

extension ModelText {
    /// Ends a completion at one of `strings`; `nil` for none.
    func stop(at strings: [String]) -> StopStrings? {
        strings.isEmpty ? nil : StopStrings(strings, tokenizer: tokenizer)
    }
}

extension Tokenizer: TextEncoding {}

extension Tokenizer: TextDecoding {
    public func text(of tokens: [Int32]) -> String { decode(tokens, skipSpecialTokens: true) }
}

extension ChatTemplate: ConversationRendering {
    public func render(_ messages: [ChatMessage], ending: ConversationEnding) throws -> String {
        try render(
            messages: messages.map(\.json), addGenerationPrompt: ending == .answerBegins,
            continueFinalMessage: ending == .lastMessageContinues)
    }
}
