import Foundation
import HoneCore
import HoneRewards
import HoneStore
import HoneTraining

/// Records one measurement by `hone evaluate` as a run is recorded: in a folder of its own, from which
/// `hone runs repair` makes its record anew, and in the store.
struct MeasurementRecord: RunObserver {
    /// Keeps what reward functions printed, and how they failed.
    let rewardLog: any RewardLog
    private let folder: RunFolder?
    private let file: RunRecorder?
    private let store: StoreRecorder?
    private let onProblem: @Sendable (String) -> Void

    /// Makes the folder among those of runs. A place that cannot be written is told and costs the
    /// measurement its record, not its life.
    /// - Parameters:
    ///   - contestant: what is measured.
    ///   - config: how.
    ///   - rewards: the folder that files of reward functions are named from.
    ///   - options: where the store and the folders of runs are.
    ///   - onProblem: is told what cannot be written.
    /// - Throws: `StoreError` for a store that is damaged, of a newer version, or held by another
    ///   program; what is wrong with the file of a reward function.
    init(
        of contestant: Contestant, with config: TrainingConfig, rewards: URL,
        in options: StoreOptions,
        onProblem: @escaping @Sendable (String) -> Void
    ) throws {
        self.onProblem = onProblem
        var registration = try RunRegistration(evaluating: contestant, with: config)
        let functions = try RewardRevision.functions(of: config.measuringRewards, folder: rewards)
        var made: (folder: RunFolder, file: RunRecorder)?
        do {
            let folder = try RunFolder.make(in: options.place.runs, titled: registration.title)
            try Data(registration.recipe.utf8).write(to: folder.recipe)
            _ = try RewardArchive.open(folder.rewards) { functions }
            made = (folder, try RunRecorder(folder: folder))
            registration.folder = folder.url.absoluteURL.standardizedFileURL.path
        } catch {
            onProblem("this measurement has no folder: \(error)")
        }
        (folder, file) = (made?.folder, made?.file)
        store = try options.recorder(registration, onProblem: onProblem)
        let log = RewardLogFile(
            folder?.rewardLog ?? URL(filePath: "/dev/null"), onProblem: onProblem)
        rewardLog = store.map { StoredRewardLog(file: log, store: $0) } ?? log
    }

    func record(_ event: RunEvent) async {
        await file?.record(event)
        await store?.record(event)
        switch event {
        case .finished, .failed:
            do {
                _ = try await file?.settle()
            } catch {
                onProblem("\(folder?.url.path ?? "its folder") lacks a part: \(error)")
            }
        default: break
        }
    }
}

extension TrainingConfig {
    /// The functions that measure a model.
    var measuringRewards: [RewardConfig] {
        let own = evaluation?.rewards ?? []
        return own.isEmpty ? rewards : own
    }
}
