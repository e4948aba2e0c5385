import Foundation
import HoneCore

/// Between the steps of a run: measures held-out rows, writes checkpoints, and ends the run early.
actor RunMilestones: Milestones, CheckpointPart {
    nonisolated let checkpointName = "milestones"

    private let intervals: Intervals
    private let rule: HeldOutProgress.Rule?
    private let measure: @Sendable (_ step: Int) async throws -> Evaluation?
    private let store: CheckpointStore
    private let policy: any PersistentPolicy
    private let recorder: RunRecorder
    private let observer: any RunObserver
    /// Whose state a checkpoint keeps besides this one's.
    private let parts: [any CheckpointPart]
    /// Whether somebody wants the run to stop.
    private let isInterrupted: @Sendable () -> Bool
    private(set) var progress = HeldOutProgress()

    /// When things happen, in steps; `nil` for never.
    struct Intervals: Sendable {
        /// Also before the first step and after the last.
        var evaluation: Int?
        /// Also after the last step.
        var checkpoint: Int?
        /// Whether the best evaluation so far gets a checkpoint at once.
        var checkpointsBest: Bool
    }

    init(
        intervals: Intervals, rule: HeldOutProgress.Rule?,
        measure: @escaping @Sendable (_ step: Int) async throws -> Evaluation?,
        store: CheckpointStore, policy: any PersistentPolicy, recorder: RunRecorder,
        observer: any RunObserver, parts: [any CheckpointPart],
        isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) {
        self.intervals = intervals
        self.rule = rule
        self.measure = measure
        self.store = store
        self.policy = policy
        self.recorder = recorder
        self.observer = observer
        self.parts = parts
        self.isInterrupted = isInterrupted
    }

    func begin(after completedSteps: Int) async throws -> Continuation {
        if let reason = progress.stopReason { return .stop(reason: reason) }
        if intervals.evaluation != nil, completedSteps == 0 { _ = try await evaluate(0) }
        // Nothing is lost: the run stands where it began.
        if isInterrupted() { throw RunInterrupted(step: completedSteps) }
        return .goOn
    }

    func reached(step: Int, isLast: Bool) async throws -> Continuation {
        try await recorder.requireWritten()
        var finding = HeldOutProgress.Finding(isBest: false, continuation: .goOn)
        if let interval = intervals.evaluation, isLast || step.isMultiple(of: interval) {
            finding = try await evaluate(step)
        }
        let ends = isLast || finding.continuation != .goOn
        let isDue = intervals.checkpoint.map { ends || step.isMultiple(of: $0) } ?? false
        let isStopped = !ends && isInterrupted()
        if isDue || isStopped || (finding.isBest && intervals.checkpointsBest) {
            try await checkpoint(step)
        }
        if isStopped { throw RunInterrupted(step: step) }
        if case .stop(let reason) = finding.continuation, !isLast {
            await observer.record(.warning(step: step, message: "the run ends early: \(reason)"))
        }
        return finding.continuation
    }

    private func evaluate(_ step: Int) async throws -> HeldOutProgress.Finding {
        let nothing = HeldOutProgress.Finding(isBest: false, continuation: .goOn)
        guard let found = try await measure(step) else { return nothing }
        await observer.record(.evaluated(found.record(step: step)))
        guard let rule else { return nothing }
        return progress.take(found[metric: rule.metric] ?? .nan, step: step, by: rule)
    }

    private func checkpoint(_ step: Int) async throws {
        let state = CheckpointStore.State(step: step, records: try await recorder.settle())
        let path = try await store.write(
            policy, state: state, parts: parts + [self],
            retaining: intervals.checkpointsBest ? progress.best?.step : nil)
        await observer.record(.checkpointed(step: step, path: path.path))
    }

    func checkpointState() -> JSONValue { progress.json }

    func restore(from state: JSONValue) { progress = HeldOutProgress(state) }
}
