/// Changes the reward functions of a run: what a command, a watcher of files or a server calls.
///
/// Implemented in the run's own process, and by a mailbox in its folder for everybody else.
public protocol RewardControl: Sendable {
    /// What was and is in force, the oldest first.
    func changes() async throws -> [RewardChange]

    /// Tries `proposal` on stored completions; if it holds and was meant to be applied, puts it in force
    /// at the next boundary between two steps.
    /// - Parameters:
    ///   - proposal: what is wanted.
    ///   - told: hears each answer, the last of which is final unless the run ends before.
    func propose(
        _ proposal: RewardProposal, told: @escaping @Sendable (RewardAnswer) async -> Void
    ) async throws
}

/// Makes graders of reward functions. Supplied from above, where the functions are known.
public protocol GraderMaker: Sendable {
    /// A grader of its own, with `files` in place of the files that the functions declare.
    /// - Parameters:
    ///   - rewards: the functions.
    ///   - files: absolute path of each function's file, by the function's name.
    ///   - use: what it is made for.
    /// - Throws: whatever keeps the functions from being used; its description names the remedy.
    func grader(
        of rewards: [VersionedReward], files: [String: String], for use: GradingUse
    ) async throws -> any Grader
}

/// What a grader is made for.
public enum GradingUse: Sendable, Hashable {
    /// What it says goes into the run, and what functions print into its log.
    case training
    /// Goes on however often a function fails, and writes nothing down.
    case trial
}
