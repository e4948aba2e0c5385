/// What a reward function is asked: one group of completions for one row.
public struct GradingRequest: Sendable, Hashable {
    public var row: DatasetRow
    /// The prompt as the model saw it, after the chat template.
    public var prompt: String
    /// The members of the group as text, without special tokens.
    public var completions: [String]
    /// How many tokens each of them has; `nil` where they come as text alone.
    public var tokenCounts: [Int]?
    /// Training step, from 1; 0 outside training.
    public var step: Int
    /// Pass over the dataset, fractional.
    public var epoch: Double

    public init(
        row: DatasetRow, prompt: String, completions: [String], tokenCounts: [Int]? = nil,
        step: Int = 0, epoch: Double = 0
    ) {
        self.row = row
        self.prompt = prompt
        self.completions = completions
        self.tokenCounts = tokenCounts
        self.step = step
        self.epoch = epoch
    }
}

/// Scores the completions of one group.
public protocol RewardFunction: Sendable {
    /// The name under which metrics show it: `rewards/NAME/mean`.
    var name: String { get }
    /// One score per completion, in their order. What goes wrong is a ``Score/failed(_:)``, not an
    /// error thrown.
    func score(_ request: GradingRequest) async -> [Score]
}

/// Combines reward functions into verdicts: what a trainer holds.
public protocol Grader: Sendable {
    /// Names of the components in the order of ``Reward/components``.
    var componentNames: [String] { get }
    /// For each request, one verdict per completion.
    /// - Throws: only when a failure is declared to stop the run.
    func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]]
    /// What grading took since this was last asked, beside the verdicts: the cost of a judge.
    func takeMetrics() async -> OrderedMetrics
}

extension Grader {
    public func takeMetrics() async -> OrderedMetrics { [] }
}
