import HoneRewards

/// The reward log of what is measured just now: reward functions are loaded once for all that is measured, and
/// each measurement keeps a log of its own.
actor CurrentRewardLog: RewardLog {
    private var current: (any RewardLog)?

    /// What is graded from now on is told to `log`.
    func follow(_ log: any RewardLog) { current = log }

    func record(_ entries: [RewardLogEntry]) async { await current?.record(entries) }
}
