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

/// Prompts that are asked together.
public struct PromptBatch: Sendable, Hashable {
    /// [P]; fewer when the dataset has no more to offer.
    public var prompts: [EncodedPrompt]
    /// Passes over the dataset completed before, fractional.
    public var epoch: Double

    public init(prompts: [EncodedPrompt], epoch: Double) {
        self.prompts = prompts
        self.epoch = epoch
    }
}

/// Says which prompts a training step asks.
///
/// What it answers depends on the dataset, the seed, the step and, for a feed that learns, on what it
/// was told of earlier steps; never on the clock or on how often it was asked.
public protocol PromptFeed: Sendable {
    /// P, how many prompts a step learns from.
    var promptsPerStep: Int { get }

    /// The prompts that `step` (from 1) asks in its batch number `round` (from 0; a step asks more than
    /// one only when it samples dynamically). No prompt comes twice within a step.
    func prompts(step: Int, round: Int) async throws -> PromptBatch

    /// Tells how the groups of the step's batches did; returns metrics of what the feed makes of it.
    func learn(from groups: [RolloutGroup], step: Int) async -> OrderedMetrics
}

extension PromptFeed {
    public func learn(from groups: [RolloutGroup], step: Int) async -> OrderedMetrics { [] }
}
