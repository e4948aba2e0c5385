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
    /// Time spent here so far, which is what the run pays for its record.
    private var spent = Duration.zero

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
                try store.write { db in
                    try RunWriter(db: db, run: run).record(event, at: Date(), spent: spent)
                }
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
        let clock = ContinuousClock()
        let begun = clock.now
        defer { spent += clock.now - begun }
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
    /// - Parameters:
    ///   - event: what happened.
    ///   - time: when.
    ///   - spent: time that recording the run has taken so far; kept with its end.
    func record(_ event: RunEvent, at time: Date, spent: Duration) throws {
        switch event {
        case .started: break
        case .step(let record):
            var prompts = PromptDocuments()
            try step(
                record.step, phase: .training, at: time, metrics: record.metrics,
                completions: record.completions.map { graded in
                    let rollout = graded.rollout
                    return CompletionDraft(
                        graded, prompt: prompts.document(rollout.promptText, rollout.row))
                })
        case .evaluated(let record):
            var prompts = PromptDocuments()
            try step(
                record.step, phase: .evaluation, at: time, metrics: record.metrics,
                completions: record.completions.map { sample in
                    CompletionDraft(sample, prompt: prompts.document(sample.prompt, sample.row))
                })
        case .checkpointed(let step, let path):
            try self.event("checkpointed", step: step, at: time, body: ["path": .string(path)])
        case .warning(let step, let message):
            try self.event("warning", step: step, at: time, body: ["message": .string(message)])
        case .rewardsChanged(let change): try rewardsChanged(change, at: time)
        case .rewardsAnswered(let step, let answer): try answered(answer, step: step, at: time)
        case .finished(let step, let output, let metrics):
            let values = metrics.map { ($0.name, JSONValue.double($0.value)) }
            try self.event(
                "finished", step: step, at: time,
                body: [
                    "output": .string(output),
                    "metrics": .object(JSONObject(values, uniquingKeysWith: { _, last in last })),
                    "store_seconds": .double(spent / .seconds(1)),
                ])
            try ended(.finished, output: output.isEmpty ? nil : output, at: time)
        case .failed(let step, let message):
            try self.event("failed", step: step, at: time, body: ["message": .string(message)])
            try ended(.failed, message: message, at: time)
        }
    }
}

/// The documents of the prompts of one step, each made once.
private struct PromptDocuments {
    private var byRow: [Int: (text: String, bytes: [UInt8])] = [:]

    mutating func document(_ text: String, _ row: DatasetRow) -> [UInt8] {
        if let known = byRow[row.index], known.text == text { return known.bytes }
        let bytes = CompletionDraft.promptDocument(
            text: text, prompt: row.prompt, columns: row.columns)
        byRow[row.index] = (text, bytes)
        return bytes
    }
}
