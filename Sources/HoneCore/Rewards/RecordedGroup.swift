/// Completions of one row in one step as a run recorded them, with all that scoring them again needs.
public struct RecordedGroup: Sendable, Hashable {
    public var step: Int
    public var row: DatasetRow
    /// The prompt as the model saw it.
    public var prompt: String
    /// In the order in which they were drawn.
    public var completions: [RecordedCompletion]

    public init(
        step: Int, row: DatasetRow, prompt: String, completions: [RecordedCompletion]
    ) {
        self.step = step
        self.row = row
        self.prompt = prompt
        self.completions = completions
    }

    /// What a reward function is asked.
    public var request: GradingRequest {
        GradingRequest(
            row: row, prompt: prompt, completions: completions.map(\.text),
            tokenCounts: completions.map(\.tokens), step: step)
    }
}

/// A completion and what was said of it at the time.
public struct RecordedCompletion: Sendable, Hashable {
    public var text: String
    public var tokens: Int
    /// `nil` when it had none: a function failed, or all abstained.
    public var reward: Double?
    /// Unweighted score by function; `nil` where there was none.
    public var scores: [String: Double?]
    /// `nil` when the step did not learn from it.
    public var advantage: Double?

    public init(
        text: String, tokens: Int, reward: Double?, scores: [String: Double?], advantage: Double?
    ) {
        self.text = text
        self.tokens = tokens
        self.reward = reward
        self.scores = scores
        self.advantage = advantage
    }
}
