import ArgumentParser
import HoneStore

/// Which completions of a run.
struct CompletionOptions: ParsableArguments {
    @Option(help: "Those of training or of evaluation.") var phase = Phase.training
    @Option(help: "Only this step, or these: 12, 10-20, 10-.") var step: StepRange?
    @Option(help: "Only total rewards of at least this.") var minReward: Double?
    @Option(help: "Only total rewards of at most this.") var maxReward: Double?
    @Flag(help: "Only those whose grading failed.") var failed = false
    @Option(
        help: "Only those whose first failure is of this kind: raised, timedOut, crashed, ….")
    var failure: String?
    @Option(help: "Only those of this row of the dataset.") var row: Int?
    @Option(help: "Order: step, reward or length.") var sort = CompletionQuery.Order.step
    @Flag(help: "The highest first.") var descending = false

    func validate() throws {
        if let minReward, let maxReward, minReward > maxReward {
            throw ValidationError("--min-reward \(minReward) is above --max-reward \(maxReward)")
        }
    }

    var query: CompletionQuery {
        var query = CompletionQuery()
        query.phase = phase
        (query.firstStep, query.lastStep) = (step?.first, step?.last)
        (query.leastReward, query.mostReward) = (minReward, maxReward)
        query.failure = failure.map { .kind($0) } ?? (failed ? .failed : .anything)
        query.row = row
        query.order = sort
        query.direction = descending ? .descending : .ascending
        return query
    }
}

extension Phase: ExpressibleByArgument {
    public init?(argument: String) {
        guard let phase = Phase.allCases.first(where: { $0.name == argument }) else { return nil }
        self = phase
    }

    public var defaultValueDescription: String { name }
    public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension CompletionQuery.Order: ExpressibleByArgument {}
