import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneStore
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
            live; elsewhere each step is a line on standard error. The store keeps all of it for \
            `hone runs`.

            With --simulate nothing is trained: the phases are walked on a few rows, and the memory, \
            the time and the share of groups without signal of the real run are told; what it would \
            stumble over makes the exit code 65.

            While a run trains, hone rewards update changes its reward functions between two steps; \
            with --watch-rewards saving the recipe or a reward file does.

            Ctrl-C ends a run after the step it is in, with a checkpoint (exit code 130); a second \
            Ctrl-C ends it at once. A run that was stopped, by whatever means, goes on with --resume \
            from its latest \
            checkpoint and ends as if it had never been stopped.
            """)

    @Argument(help: "The recipe: a YAML or JSON file.") var recipe: String
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change a key of the recipe: --set grpo.beta=0.04.", valueName: "key=value"))
    var overrides: [String] = []
    @Option(
        help: ArgumentHelp(
            "Folder for all that the run writes, instead of the recipe's.", valueName: "folder"))
    var output: String?
    @OptionGroup var store: StoreOptions
    @Flag(help: "Go on from the latest checkpoint in the run's folder.") var resume = false
    @Flag(
        help: """
            Walk every phase on a few rows, try the longest sample, and say what the run will take; \
            nothing is trained.
            """)
    var simulate = false
    @Flag(
        help: """
            Watch the recipe and its reward files: a saved change is tried and put in force as hone \
            rewards update does.
            """)
    var watchRewards = false
    @Flag(help: "Print each event as a JSON line on standard output.") var json = false

    func validate() throws {
        if simulate, resume {
            throw ValidationError("--simulate looks at a run before it begins; leave out --resume")
        }
    }

    func run() async throws {
        // A full disk or a reader that went away shall be an error, which names its place, not a death.
        for signal in [SIGXFSZ, SIGPIPE] { Foundation.signal(signal, SIG_IGN) }
        let recipePath = recipe
        let reference = ReferenceSlot()
        let library = RewardLibrary(
            folder: URL(filePath: recipePath).absoluteURL.deletingLastPathComponent(),
            tell: { StandardError.write(line: $0) }, reference: reference)
        var recipe = try Recipe(path: recipePath, overrides: overrides, rewards: library)
        let config = recipe.config
        let folder = RunFolder(
            output.map { URL(filePath: $0) } ?? config.output.map { URL(filePath: $0) }
                ?? store.place.runs.appending(path: config.name ?? "run"))
        if !simulate, !resume { try folder.claim(for: URL(filePath: recipePath).absoluteURL) }
        let warn: @Sendable (String) -> Void = { StandardError.write(line: "warning: \($0)") }
        // A walk that trains nothing leaves no trace.
        let record =
            simulate
            ? nil
            : try store.recorder(
                try RunRegistration(recipe, folder: folder, beginning: resume ? .resumed : .new),
                onProblem: warn)
        let log: any RewardLog =
            record.map {
                StoredRewardLog(
                    file: RewardLogFile(folder.rewardLog, onProblem: warn), store: $0)
            } ?? RewardLogFile(URL(filePath: "/dev/null"), onProblem: warn)
        let live =
            simulate || config.method != .grpo
            ? nil
            : try await LiveRun(
                &recipe, named: recipePath, overrides: overrides, folder: folder,
                place: store.place, log: log, reference: reference,
                beginning: resume ? .resumed : .new, watching: watchRewards)
        // A run whose rewards do not change is held here.
        let lock = live == nil && !simulate ? try hold(folder) : nil
        let grader: (any Grader)? =
            if let live {
                live.grader
            } else if config.rewards.isEmpty {
                nil
            } else {
                try await rubric(of: config.rewards, library, log)
            }
        let measured = config.evaluation?.rewards ?? []
        let evaluationGrader: (any Grader)? =
            if let live {
                live.evaluationGrader
            } else if measured.isEmpty {
                nil
            } else {
                try await library.rubric(of: measured, file: recipePath, log: log)
            }
        let trackers = try trackers(config, folder)
        let view: any RunObserver = json ? EventPrinter() : TerminalView()
        let request = simulate ? nil : StopRequest()
        let run = TrainingRun(
            recipe: recipe, folder: folder, grader: grader, evaluationGrader: evaluationGrader,
            reference: reference,
            observer: ObserverList((record.map { [$0] } ?? []) + [view] + trackers),
            companion: live?.desk, isInterrupted: { request?.isRaised ?? false })
        if simulate {
            try await simulate(run)
            return
        }
        let result: URL
        do {
            result = try await run.start(resume ? .resumed : .new)
        } catch let interrupted as RunInterrupted {
            StandardError.write(line: "\(interrupted)")
            throw ExitCode(128 + SIGINT)
        }
        withExtendedLifetime((live, lock)) {}
        if !json { print(result.path) }
    }

    /// Keeps other processes from training the run in `folder`.
    private func hold(_ folder: RunFolder) throws -> RunLock.Held {
        if !resume {
            try folder.create()
        } else if !FileManager.default.fileExists(atPath: folder.url.path) {
            throw RunFolderError.noRun(path: folder.url.path)
        }
        return try RunLock(folder).take()
    }

    private func rubric(
        of rewards: [RewardConfig], _ library: RewardLibrary, _ log: any RewardLog
    ) async throws -> Rubric {
        let rubric = try await library.rubric(of: rewards, file: recipe, log: log)
        for notice in rubric.notices { StandardError.write(line: notice) }
        return rubric
    }

    private func simulate(_ run: TrainingRun) async throws {
        let report = await Simulation(of: run) { StandardError.write(line: "\($0) …") }.walk()
        if json {
            print(report.json.text())
        } else {
            print(SimulationView(report: report).lines.joined(separator: "\n"))
        }
        guard !report.problems.isEmpty else { return }
        for problem in report.problems { StandardError.write(line: "Error: \(problem)") }
        throw ExitCode(FailureKind.badData.rawValue)
    }

    /// The trackers that the recipe reports to, each in a process of its own.
    private func trackers(_ config: TrainingConfig, _ folder: RunFolder) throws -> [Tracker] {
        try config.report.filter { $0 != .tensorboard }.map { target in
            Tracker(
                target, folder: folder.trackers, events: folder.events, config: config.configJSON,
                python: try PythonInterpreter.locate(declared: nil)
            ) { StandardError.write(line: "warning: \($0)") }
        }
    }
}
