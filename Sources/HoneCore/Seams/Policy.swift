import Foundation

/// A policy whose state can be written down, to be taken up again or used elsewhere.
public protocol PersistentPolicy: Sendable {
    /// Writes the weights into `folder` in the format others read: a PEFT adapter, or a full model.
    func writeWeights(to folder: URL) async throws
    /// Writes what else is needed to continue exactly: the optimiser and counters.
    func writeTrainingState(to folder: URL) async throws
}

/// Turns token ids into text.
public protocol TextDecoding: Sendable {
    /// The text of `tokens` without special tokens.
    func text(of tokens: [Int32]) -> String
}

/// A row as the model will see it.
public struct EncodedPrompt: Sendable, Hashable {
    public var row: DatasetRow
    /// After the chat template.
    public var text: String
    public var tokens: [Int32]

    public init(row: DatasetRow, text: String, tokens: [Int32]) {
        self.row = row
        self.text = text
        self.tokens = tokens
    }
}

/// Says which prompts a training step asks.
public protocol PromptFeed: Sendable {
    /// The prompts of `step` (from 1), the same ones however often and in whatever order it is asked.
    func prompts(step: Int) throws -> [EncodedPrompt]
    /// Passes over the dataset completed before `step`, fractional.
    func epoch(step: Int) -> Double
}
