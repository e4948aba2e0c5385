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
    /// The functions in force, in the order of ``Reward/components``.
    func functions() async -> [FunctionInForce]
    /// Called before the first prompt of `step` (from 1) is asked: what is in force when it returns
    /// stays in force until the next step begins.
    /// - Returns: what comes into force with this step, if something does.
    /// - Throws: what keeps it from coming into force; the run had better end there.
    func begin(step: Int) async throws -> RewardChange?
    /// For each request, one verdict per completion.
    /// - Throws: only when a failure is declared to stop the run.
    func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]]
    /// What grading took since this was last asked, beside the verdicts: the cost of a judge.
    func takeMetrics() async -> OrderedMetrics
}

extension Grader {
    public func takeMetrics() async -> OrderedMetrics { [] }
    public func begin(step: Int) async throws -> RewardChange? { nil }
}

/// A reward function as a grader holds it.
public struct FunctionInForce: Sendable, Hashable {
    public var name: String
    /// Factor of its score in the total.
    public var weight: Double
    /// `format_v2`; `nil` as long as the run has known one version only.
    public var version: String?

    public init(_ name: String, weight: Double = 1, version: String? = nil) {
        self.name = name
        self.weight = weight
        self.version = version
    }

    /// The names under which metrics show it: the function's own, and its version's.
    public var curves: [String] { [name] + [version].compactMap(\.self) }
}
