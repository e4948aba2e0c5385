import ArgumentParser

/// `hone runs`: the record of every run.
struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Look at the record of every run.",
        discussion: """
            Every hone train and hone evaluate is recorded in the store: one SQLite file in .hone, in \
            HONE_HOME, or in the folder that --home names. These commands may be used while runs go \
            on. With --json each prints what programs read.
            """,
        subcommands: [
            ListRuns.self, ShowRun.self, RunLogs.self, RunCompletions.self, CompareRuns.self,
            ExportRun.self, DeleteRuns.self, RepairStore.self,
        ])
}
