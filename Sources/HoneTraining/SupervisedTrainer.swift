import HoneCore

/// Learns from examples.
public protocol ExampleLearner: Sendable {
    /// One optimiser step on the mean negative log-likelihood of the trained tokens of `examples`.
    func update(_ examples: [SupervisedExample]) async throws -> OrderedMetrics
}

/// Supervised fine-tuning: the loop.
public struct SupervisedTrainer: Sendable {
    public var totalSteps: Int
    public var feed: any ExampleFeed
    public var learner: any ExampleLearner
    public var milestones: any Milestones
    public var observer: any RunObserver

    public init(
        totalSteps: Int, feed: any ExampleFeed, learner: any ExampleLearner,
        milestones: any Milestones = NoMilestones(), observer: any RunObserver
    ) {
        self.totalSteps = totalSteps
        self.feed = feed
        self.learner = learner
        self.milestones = milestones
        self.observer = observer
    }

    /// Trains from the step after `completedSteps` to ``totalSteps``, or until a milestone says stop.
    /// - Returns: the last step made.
    @discardableResult
    public func run(after completedSteps: Int = 0) async throws -> Int {
        try await TrainingLoop(totalSteps: totalSteps, milestones: milestones, observer: observer)
            .run(after: completedSteps, advance: advance)
    }

    /// One step.
    func advance(_ step: Int) async throws -> StepRecord {
        var clock = PhaseClock()
        let examples = try feed.examples(step: step)
        let update = try await learner.update(examples)
        clock.lap(.update)
        let tokens = examples.reduce(0) { $0 + $1.tokens.count }
        let metrics: OrderedMetrics =
            [("epoch", feed.epoch(step: step)), ("num_tokens", Double(tokens))]
            + update + clock.metrics(generated: 0, updated: tokens)
        return StepRecord(step: step, metrics: metrics, completions: [])
    }
}
