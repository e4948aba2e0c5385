import HoneCore

/// The steps of any trainer, and what happens between them.
struct TrainingLoop: Sendable {
    var totalSteps: Int
    var milestones: any Milestones
    var observer: any RunObserver

    /// Makes the steps after `completedSteps` with `advance`.
    /// - Returns: the last step made, which is less than ``totalSteps`` when a milestone said to stop.
    func run(
        after completedSteps: Int, advance: (_ step: Int) async throws -> StepRecord
    ) async throws -> Int {
        guard case .goOn = try await milestones.begin(after: completedSteps) else {
            return completedSteps
        }
        for step in stride(from: completedSteps + 1, through: totalSteps, by: 1) {
            try Task.checkCancellation()
            await observer.record(.step(try await advance(step)))
            let next = try await milestones.reached(step: step, isLast: step == totalSteps)
            guard case .goOn = next else { return step }
        }
        return max(completedSteps, totalSteps)
    }
}
