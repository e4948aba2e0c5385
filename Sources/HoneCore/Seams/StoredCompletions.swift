/// The training completions that a run has recorded, wherever they are kept.
public protocol StoredCompletions: Sendable {
    /// The groups of each step of `steps` that is recorded, step after step. One step is in memory at a
    /// time.
    /// - Parameter steps: which; `nil` for all.
    /// - Parameter body: called with all groups of a step.
    func forEachStep(
        in steps: ClosedRange<Int>?, _ body: (_ groups: [RecordedGroup]) async throws -> Void
    ) async throws

    /// The latest steps that together hold at least `count` completions, or all there are, the oldest
    /// first; [step][group].
    func latest(_ count: Int) async throws -> [[RecordedGroup]]
}
