import HoneRewards
import HoneStore

/// The reward log in the run's folder and in the store.
struct StoredRewardLog: RewardLog {
    let file: RewardLogFile
    let store: StoreRecorder

    func record(_ entries: [RewardLogEntry]) async {
        await file.record(entries)
        await store.record(entries.filter(\.isNotable).map { RewardLogRow($0.logRow) })
    }
}
