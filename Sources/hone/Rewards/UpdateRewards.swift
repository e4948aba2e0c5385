import ArgumentParser
import HoneCore

struct UpdateRewards: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Put changed reward functions in force at the next step.",
        discussion: """
            FILE is a Python file that takes the place of the one of that name; or a recipe or a file \
            for hone grade, whose rewards take the place of all.

            The new version is first tried on the latest stored completions. The report shows old \
            against new score, failures, time, groups that would gain or lose signal, and advantages \
            whose sign flips. A version that cannot be loaded, that fails for every completion, or \
            that would stop the run is refused (exit code 65), and the run goes on as it was. \
            Otherwise the run takes it up at the boundary between two steps; a run that nobody trains \
            does so when it is resumed.

            evaluation.rewards of the recipe stay as they were when the run began, also where FILE \
            declares others: they are what evaluations before and after the change are compared by.
            """)

    @OptionGroup var place: RunOptions
    @Option(help: "The changed file: Python, a recipe, or a grading file.") var file: String
    @Option(help: "Change only this function.") var function: String?
    @OptionGroup var options: ProposalOptions

    func run() async throws {
        let run = try RunRewards(place.run, place.store.place)
        let changes = try run.changes()
        guard let now = changes.last else { return }
        let functions = try RewardRevision(file: file).applied(to: now.inForce, only: function)
        try await options.propose(functions, reason: .update, to: run, basis: now)
    }
}

struct RevertRewards: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert",
        abstract: "Go back to an earlier version of a reward function, or of all.",
        discussion: """
            With VERSION (format_v1) that function goes back to it. Without, everything goes back to \
            what was in force before the last change. A version that comes back keeps its name and \
            its curve.
            """)

    @OptionGroup var place: RunOptions
    @Argument(help: "A version, such as format_v1.") var version: String?
    @OptionGroup var options: ProposalOptions

    func run() async throws {
        let run = try RunRewards(place.run, place.store.place)
        let changes = try run.changes()
        guard let now = changes.last else { return }
        let functions: [VersionedReward]
        if let version {
            functions = try changes.inForce(with: version)
        } else if changes.count > 1 {
            functions = changes[changes.count - 2].inForce
        } else {
            throw RewardRevisionError.nothingBefore
        }
        try await options.propose(functions, reason: .revert, to: run, basis: now)
    }
}

extension [RewardChange] {
    /// Every version that was ever in force, the oldest first.
    var versions: [VersionedReward] {
        var seen: Set<String> = []
        return flatMap(\.inForce).filter { seen.insert($0.name).inserted }
    }

    /// What is in force now, with the version called `name` in place of its function's.
    func inForce(with name: String) throws -> [VersionedReward] {
        guard let version = versions.first(where: { $0.name == name }) else {
            throw RewardRevisionError.noSuchVersion(name: name, known: versions.map(\.name))
        }
        let now = last?.inForce ?? []
        guard now.contains(where: { $0.function == version.function }) else {
            return now + [version]
        }
        return now.map { $0.function == version.function ? version : $0 }
    }
}
