/// A completion with the row that asked for it and its text: what graders score.
public struct Rollout: Sendable, Hashable {
    public var row: DatasetRow
    /// The prompt as the model saw it, after the chat template.
    public var promptText: String
    public var promptTokens: [Int32]
    public var completion: Completion
    /// The completion as text, without special tokens. It begins after the assistant's prefill.
    public var text: String

    public init(
        row: DatasetRow, promptText: String, promptTokens: [Int32], completion: Completion,
        text: String
    ) {
        self.row = row
        self.promptText = promptText
        self.promptTokens = promptTokens
        self.completion = completion
        self.text = text
    }
}
