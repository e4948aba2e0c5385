import Foundation
import HoneCore
import OrderedCollections

/// Writes a run into the store while it happens.
///
/// Each event is one transaction, written before `record` returns: a process killed at any instant has
/// lost nothing but the step it was computing. A store that can no longer be written (a full disk)
/// does not hurt the run: it is told once, and the run's own folder goes on; `hone runs repair` takes
/// the missing part in from there.
public actor StoreRecorder: RunObserver {
    private let store: Store
    private let registration: RunRegistration
    private let onProblem: @Sendable (String) -> Void
    private var run: Int64?
    private var isBroken = false

    /// - Parameters:
    ///   - store: where to.
    ///   - registration: what is known of the run.
    ///   - onProblem: told once when the store cannot be written.
    public init(
        store: Store, registration: RunRegistration,
        onProblem: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.registration = registration
        self.onProblem = onProblem
    }

    public func record(_ event: RunEvent) {
        guarded {
            switch event {
            case .started(let description): try begin(description)
            default:
                if run == nil { try begin(nil) }
                guard let run else { return }
                try store.write { try RunWriter(db: $0, run: run).record(event, at: Date()) }
            }
        }
    }

    /// Writes lines of the reward log.
    public func record(_ entries: [RewardLogRow]) {
        guard !entries.isEmpty else { return }
        guarded {
            if run == nil { try begin(nil) }
            guard let run else { return }
            try store.write { try RunWriter(db: $0, run: run).rewardLog(entries) }
        }
    }

    private func begin(_ description: RunDescription?) throws {
        let begun = try store.begin(registration, description: description)
        run = begun.id
        if let missing = begun.missing {
            // The store was elsewhere, or could not be written, when those steps were made.
            try store.takeIn(
                folder: URL(filePath: registration.folder), as: begun.id, steps: missing)
        }
    }

    private func guarded(_ work: () throws -> Void) {
        guard !isBroken else { return }
        do {
            try work()
        } catch {
            isBroken = true
            onProblem(
                "the store no longer takes in this run, whose own folder goes on: \(error)")
        }
    }
}

extension RunWriter {
    /// Writes any event but the start.
    func record(_ event: RunEvent, at time: Date) throws {
        switch event {
        case .started: break
        case .step(let record):
            try step(
                record.step, phase: .training, at: time, metrics: record.metrics,
                completions: Self.drafts(record.completions))
        case .evaluated(let number, let metrics, let samples):
            let drafts = samples.map { sample in
                CompletionDraft(
                    sample,
                    prompt: CompletionDraft.promptDocument(
                        text: sample.prompt, prompt: sample.row.prompt,
                        columns: sample.row.columns))
            }
            try step(
                number, phase: .evaluation, at: time, metrics: metrics, completions: drafts)
        case .checkpointed(let step, let path):
            try self.event("checkpointed", step: step, at: time, body: ["path": .string(path)])
        case .warning(let step, let message):
            try self.event("warning", step: step, at: time, body: ["message": .string(message)])
        case .rewardsChanged(let change): try rewardsChanged(change, at: time)
        case .finished(let step, let output, let metrics):
            let values = metrics.map { ($0.name, JSONValue.double($0.value)) }
            try self.event(
                "finished", step: step, at: time,
                body: [
                    "output": .string(output),
                    "metrics": .object(JSONObject(values, uniquingKeysWith: { _, last in last })),
                ])
            try ended(.finished, output: output.isEmpty ? nil : output, at: time)
        case .failed(let step, let message):
            try self.event("failed", step: step, at: time, body: ["message": .string(message)])
            try ended(.failed, message: message, at: time)
        }
    }

    private static func drafts(_ completions: [GradedRollout]) -> [CompletionDraft] {
        var prompts: [Int: [UInt8]] = [:]
        return completions.map { graded in
            let rollout = graded.rollout
            let prompt =
                prompts[rollout.row.index]
                ?? CompletionDraft.promptDocument(
                    text: rollout.promptText, prompt: rollout.row.prompt,
                    columns: rollout.row.columns)
            prompts[rollout.row.index] = prompt
            return CompletionDraft(graded, prompt: prompt)
        }
    }
}
