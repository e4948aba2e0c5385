import ArgumentParser
import HoneCore
import HoneStore

/// Which completions of a run.
struct CompletionOptions: ParsableArguments {
    @Option(
        help: """
            Completions of training steps, or of evaluations. Default: training; evaluation for a run \
            of hone evaluate, which has no other.
            """)
    var phase: PhaseChoice?
    @Option(help: "Only this step, or these: 12, 10-20, 10-.") var step: StepRange?
    @Option(help: ArgumentHelp("Only total rewards of at least this.", valueName: "reward"))
    var minReward: Double?
    @Option(help: ArgumentHelp("Only total rewards of at most this.", valueName: "reward"))
    var maxReward: Double?
    @Flag(help: "Only those for which a reward function failed.") var failed = false
    @Option(
        help: ArgumentHelp(
            """
            Only those whose first failure is of this kind: raised, timedOut, crashed, notFinite, \
            outOfMemory, tooManyProcesses or unavailable.
            """, valueName: "kind"))
    var failure: GraderFailure.Kind?
    @Option(help: "Only those for this row of the dataset, counted from 0.") var row: Int?
    @Option(
        help: ArgumentHelp(
            "What they are ordered by; by reward, those without one are left out.",
            valueName: "order"))
    var sort = CompletionQuery.Order.step
    @Flag(help: "The highest first; by step, the latest.") var descending = false

    func validate() throws {
        if let minReward, let maxReward, minReward > maxReward {
            throw ValidationError("--min-reward \(minReward) is above --max-reward \(maxReward)")
        }
    }

    /// What is asked of `run`.
    func query(of run: StoredRun) -> CompletionQuery {
        var query = CompletionQuery()
        query.phase = phase?.phase ?? run.usualPhase
        (query.firstStep, query.lastStep) = (step?.first, step?.last)
        (query.leastReward, query.mostReward) = (minReward, maxReward)
        query.failure = failure.map { .kind($0.rawValue) } ?? (failed ? .failed : .anything)
        query.row = row
        query.order = sort
        query.direction = descending ? .descending : .ascending
        return query
    }
}

/// ``HoneStore/Phase`` as a person names it.
enum PhaseChoice: String, ExpressibleByArgument, CaseIterable {
    case training, evaluation

    var phase: Phase {
        switch self {
        case .training: .training
        case .evaluation: .evaluation
        }
    }
}

extension CompletionQuery.Order: ExpressibleByArgument {}
extension GraderFailure.Kind: ExpressibleByArgument {}

extension StoredRun {
    /// What the run is about: a measurement has no training steps.
    var usualPhase: Phase { method == "evaluate" ? .evaluation : .training }
}
