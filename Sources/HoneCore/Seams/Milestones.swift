/// What happens between the steps of any trainer: evaluation, checkpoints, the decision to stop early.
public protocol Milestones: Sendable {
    /// Called before the first step of a run that has `completedSteps` behind it.
    func begin(after completedSteps: Int) async throws -> Continuation
    /// Called after each step.
    func reached(step: Int, isLast: Bool) async throws -> Continuation
}

/// Whether a run makes another step.
public enum Continuation: Sendable, Hashable {
    case goOn
    /// The run has what it was looking for, or will not find it.
    case stop(reason: String)
}

/// Nothing happens between steps.
public struct NoMilestones: Milestones {
    public init() {}

    public func begin(after completedSteps: Int) -> Continuation { .goOn }
    public func reached(step: Int, isLast: Bool) -> Continuation { .goOn }
}
