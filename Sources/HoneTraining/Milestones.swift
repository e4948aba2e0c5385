import HoneCore

/// What happens between steps of any trainer: evaluation and checkpoints, each at its interval.
public struct Milestones: Sendable {
    /// Evaluates every so many steps, before the first and after the last; `nil` for never.
    public var evaluationInterval: Int?
    /// Writes a checkpoint every so many steps; `nil` for never.
    public var checkpointInterval: Int?
    public var evaluate: @Sendable (_ step: Int) async throws -> Void
    public var checkpoint: @Sendable (_ step: Int) async throws -> Void

    public init(
        evaluationInterval: Int?, checkpointInterval: Int?,
        evaluate: @escaping @Sendable (_ step: Int) async throws -> Void,
        checkpoint: @escaping @Sendable (_ step: Int) async throws -> Void
    ) {
        self.evaluationInterval = evaluationInterval
        self.checkpointInterval = checkpointInterval
        self.evaluate = evaluate
        self.checkpoint = checkpoint
    }

    /// Measures the policy as it stands before a new run's first step.
    func begin(after completedSteps: Int) async throws {
        if evaluationInterval != nil, completedSteps == 0 { try await evaluate(0) }
    }

    func reached(step: Int, isLast: Bool) async throws {
        if let evaluationInterval, isLast || step.isMultiple(of: evaluationInterval) {
            try await evaluate(step)
        }
        if let checkpointInterval, !isLast, step.isMultiple(of: checkpointInterval) {
            try await checkpoint(step)
        }
    }
}
