import Foundation
import HoneCore
import HoneStore
import HoneTraining

/// The reward functions of a run, alive or not, as commands see them.
struct RunRewards {
    let folder: RunFolder
    let config: TrainingConfig
    private let place: StoreHome

    /// - Parameters:
    ///   - run: the run's folder, or what the store calls it.
    ///   - place: where the store is.
    init(_ run: String, _ place: StoreHome) throws {
        self.place = place
        let isFolder = FileManager.default.fileExists(
            atPath: URL(filePath: run).appending(path: "recipe.yaml").path)
        folder = RunFolder(
            isFolder
                ? URL(filePath: run)
                : URL(filePath: try Store(place, absence: .refuse).run(run).folder))
        guard FileManager.default.fileExists(atPath: folder.recipe.path) else {
            throw RunFolderError.noRun(path: run)
        }
        config = try Recipe(path: folder.recipe.path).config
    }

    var mailbox: RewardMailbox { RewardMailbox(folder.rewards) }

    /// What was and is in force, the oldest first, at least one.
    func changes() throws -> [RewardChange] {
        let changes = try RewardArchive.changes(in: folder.rewards)
        guard !changes.isEmpty else {
            throw RewardRevisionError.noRewards(path: folder.url.path)
        }
        return changes
    }

    var completions: any StoredCompletions {
        RecordedCompletions.of(folder, config: config, in: place)
    }

    /// Records in the store what became of a proposal to a run that nobody trains.
    func record(_ answer: RewardAnswer) {
        do {
            let store = try Store(place, absence: .refuse)
            try store.record(
                answer, of: store.run(folder.url.absoluteURL.standardizedFileURL.path))
        } catch StoreError.absent, StoreError.noSuchRun {
            // The run is not recorded; its folder has the answer.
        } catch {
            StandardError.write(line: "warning: the store does not have this answer: \(error)")
        }
    }

    /// Whoever can change the rewards now, the process that trains, or this one for a run that waits; and
    /// whether a process trains the run.
    func control() throws -> (control: any RewardControl, isTrained: Bool) {
        if RunLock(folder).isHeldByAnother { return (RemoteRewards(folder), true) }
        let archive = try RewardArchive.open(folder.rewards) {
            throw RewardRevisionError.noRewards(path: folder.url.path)
        }
        let waiting = WaitingRewards(
            RewardExamination(
                archive: archive, maker: RubricMaker(file: folder.recipe.path, log: nil),
                config: config, completions: completions), mailbox: mailbox)
        return (waiting, false)
    }
}
