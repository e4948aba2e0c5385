import ArgumentParser

/// `hone rewards`: the reward functions of a run while it trains.
struct RewardsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rewards",
        abstract: "Change the reward functions of a run while it trains, list them, go back.",
        discussion: """
            RUN is the run's folder, or its name in the store. Each function has versions: \
            format_v1, format_v2, …. A version is its declaration and the text of its file, which the \
            run keeps in its own folder.
            """,
        subcommands: [UpdateRewards.self, ListRewards.self, RevertRewards.self])
}
