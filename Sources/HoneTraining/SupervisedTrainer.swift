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
    public var milestones: Milestones
    public var observer: any RunObserver

    public init(
        totalSteps: Int, feed: any ExampleFeed, learner: any ExampleLearner,
        milestones: Milestones, observer: any RunObserver
    ) {
        self.totalSteps = totalSteps
        self.feed = feed
        self.learner = learner
        self.milestones = milestones
        self.observer = observer
    }

    /// Trains from the step after `completedSteps` to ``totalSteps``.
    public func run(after completedSteps: Int = 0) async throws {
        try await milestones.begin(after: completedSteps)
        for step in stride(from: completedSteps + 1, through: totalSteps, by: 1) {
            try Task.checkCancellation()
            var clock = PhaseClock()
            let examples = try feed.examples(step: step)
            let update = try await learner.update(examples)
            clock.lap(.update)
            let tokens = examples.reduce(0) { $0 + $1.tokens.count }
            let metrics: OrderedMetrics =
                [("epoch", feed.epoch(step: step)), ("num_tokens", Double(tokens))]
                + update + clock.metrics(generated: 0, updated: tokens)
            await observer.record(
                .step(StepRecord(step: step, metrics: metrics, completions: [])))
            try await milestones.reached(step: step, isLast: step == totalSteps)
        }
    }
}
