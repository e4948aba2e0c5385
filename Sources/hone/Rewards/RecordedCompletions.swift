import Foundation
import HoneCore
import HoneStore
import HoneTraining

/// The completions of a run that the store holds.
struct RecordedCompletions: StoredCompletions {
    let store: Store
    let run: StoredRun

    /// Where the completions of the run in `folder` are: the store where it knows the run, else the
    /// folder alone.
    static func of(
        _ folder: RunFolder, config: TrainingConfig, in place: StoreHome
    ) -> any StoredCompletions {
        // A store that is absent or damaged costs nothing here: the folder holds the same, and needs the
        // dataset to be as it was.
        guard let store = try? Store(place, absence: .refuse),
            let run = try? store.run(folder.url.absoluteURL.standardizedFileURL.path)
        else { return FolderCompletions(folder, dataset: config.dataset) }
        return RecordedCompletions(store: store, run: run)
    }

    func forEachStep(
        in steps: ClosedRange<Int>?, _ body: ([RecordedGroup]) async throws -> Void
    ) async throws {
        for step in try store.metrics(of: run, .training).map(\.step)
        where steps?.contains(step) ?? true {
            let groups = try store.groups(of: run, step: step)
            if !groups.isEmpty { try await body(groups.map(Self.group)) }
        }
    }

    func latest(_ count: Int) async throws -> [[RecordedGroup]] {
        var steps: [[RecordedGroup]] = []
        var held = 0
        var step = try store.run(run.name).step
        while step > 0, held < count {
            let groups = try store.groups(of: run, step: step)
            held += groups.reduce(0) { $0 + $1.completions.count }
            if !groups.isEmpty { steps.append(groups.map(Self.group)) }
            step -= 1
        }
        return steps.reversed()
    }

    private static func group(_ stored: StoredGroup) -> RecordedGroup {
        RecordedGroup(
            step: stored.step, row: stored.row, prompt: stored.prompt,
            completions: stored.completions.map { record in
                RecordedCompletion(
                    text: record.completion, tokens: record.tokens, reward: record.reward,
                    scores: Dictionary(
                        record.rewards.map { ($0.function, $0.score) },
                        uniquingKeysWith: { first, _ in first }),
                    advantage: record.advantage)
            })
    }
}

/// The completions of a run that has yet to begin: looked for when they are asked for.
struct LateCompletions: StoredCompletions {
    let folder: RunFolder
    let config: TrainingConfig
    let place: StoreHome

    private var found: any StoredCompletions {
        RecordedCompletions.of(folder, config: config, in: place)
    }

    func forEachStep(
        in steps: ClosedRange<Int>?, _ body: ([RecordedGroup]) async throws -> Void
    ) async throws {
        try await found.forEachStep(in: steps, body)
    }

    func latest(_ count: Int) async throws -> [[RecordedGroup]] { try await found.latest(count) }
}
