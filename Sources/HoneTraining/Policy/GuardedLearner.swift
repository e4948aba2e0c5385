import HoneCore

/// A learner whose steps may fail for a number that is not finite: such a step counts as made and moves
/// nothing, until there have been too many.
///
/// The learner it wraps leaves the weights as they were before the optimiser step that failed; the count
/// is part of checkpoints.
actor GuardedLearner<Wrapped: Sendable>: CheckpointPart {
    nonisolated let checkpointName = "guard"

    private let wrapped: Wrapped
    /// Steps of a run that may be undone.
    private let limit: Int
    private let report: @Sendable (String) async -> Void
    private var undone = 0

    /// - Parameters:
    ///   - wrapped: The learner that makes the steps.
    ///   - limit: Steps of a run that may be undone.
    ///   - report: Is told of each undone step.
    init(
        _ wrapped: Wrapped, limit: Int, report: @escaping @Sendable (String) async -> Void
    ) {
        self.wrapped = wrapped
        self.limit = limit
        self.report = report
    }

    private func guarded(
        _ update: (Wrapped) async throws -> OrderedMetrics
    ) async throws -> OrderedMetrics {
        do {
            let metrics = try await update(wrapped)
            return undone == 0 ? metrics : metrics + [("tripwires/undone_steps", Double(undone))]
        } catch TrainingError.notFinite(let found) {
            undone += 1
            guard undone <= limit else {
                throw TrainingError.undoneTooOften(steps: undone, last: found)
            }
            await report("\(found); the step was undone (\(undone) of at most \(limit))")
            return [("tripwires/undone_steps", Double(undone))]
        }
    }

    func checkpointState() -> JSONValue { .int(undone) }
    func restore(from state: JSONValue) { undone = state.intValue ?? 0 }
}

extension GuardedLearner: Learner where Wrapped: Learner {
    func update(_ samples: [TrainingSample]) async throws -> OrderedMetrics {
        try await guarded { try await $0.update(samples) }
    }
}

extension GuardedLearner: ExampleLearner where Wrapped: ExampleLearner {
    func update(_ examples: [SupervisedExample]) async throws -> OrderedMetrics {
        try await guarded { try await $0.update(examples) }
    }
}
