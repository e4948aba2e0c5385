import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneTraining

/// `hone train`: a run from a recipe.
struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model as a recipe says.",
        discussion: """
            The method is reinforcement from rewards (grpo) or supervised examples (sft). The run's \
            folder receives the resolved recipe, every event and every completion as JSON lines, \
            checkpoints, and in the end the adapter or the model. In a terminal the run is drawn \
            live; elsewhere each step is a line on standard error.

            A run that was stopped, by whatever means, goes on with --resume from its latest \
            checkpoint and ends as if it had never been stopped.
            """)

    @Argument(help: "The recipe: a YAML file.") var recipe: String
    @Option(
        name: .customLong("set"), help: "Change a key of the recipe: --set grpo.beta=0.04.")
    var overrides: [String] = []
    @Option(help: "Folder for all that the run writes, instead of the recipe's.")
    var output: String?
    @Flag(help: "Go on from the latest checkpoint in the run's folder.") var resume = false
    @Flag(help: "Print each event as a JSON line on standard output.") var json = false

    func run() async throws {
        let recipePath = recipe
        let library = RewardLibrary(
            folder: URL(filePath: recipePath).absoluteURL.deletingLastPathComponent(),
            tell: { StandardError.write(line: $0) })
        let recipe = try Recipe(path: recipePath, overrides: overrides, rewards: library)
        let config = recipe.config
        let folder = RunFolder(
            URL(filePath: output ?? config.output ?? ".hone/runs/\(config.name ?? "run")"))
        let log = RewardLogFile(folder.rewardLog) { StandardError.write(line: "warning: \($0)") }
        let grader =
            config.rewards.isEmpty
            ? nil : try await library.rubric(of: config.rewards, file: recipePath, log: log)
        for notice in grader?.notices ?? [] { StandardError.write(line: notice) }
        let run = TrainingRun(
            recipe: recipe, folder: folder, grader: grader,
            observer: json ? EventPrinter() : TerminalView())
        let result = try await run.start(resume ? .resumed : .new)
        if !json { print(result.path) }
    }
}
