import Foundation
import HoneCore
import HoneModels

/// A run from its recipe: wires data, policy, grader and observers to the trainer of its method.
public struct TrainingRun: Sendable {
    public var recipe: Recipe
    public var folder: RunFolder
    /// What scores completions; a supervised run needs none.
    public var grader: (any Grader)?
    /// What scores those of evaluations; `nil` for ``grader``.
    public var evaluationGrader: (any Grader)?
    /// Where reward functions find the model that training begins with; `nil` if none asks.
    public var reference: ReferenceSlot?
    /// Who watches besides the run's own files.
    public var observer: any RunObserver
    /// Who works beside the run while it trains.
    public var companion: (any RunCompanion)?
    /// Asked between steps; where it says yes the run writes a checkpoint and throws
    /// ``RunInterrupted``.
    public var isInterrupted: @Sendable () -> Bool

    public init(
        recipe: Recipe, folder: RunFolder, grader: (any Grader)?,
        evaluationGrader: (any Grader)? = nil, reference: ReferenceSlot? = nil,
        observer: any RunObserver, companion: (any RunCompanion)? = nil,
        isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) {
        self.companion = companion
        self.recipe = recipe
        self.folder = folder
        self.grader = grader
        self.evaluationGrader = evaluationGrader
        self.reference = reference
        self.observer = observer
        self.isInterrupted = isInterrupted
    }

    /// How a run begins.
    public enum Beginning: Sendable {
        case new
        /// From the latest complete checkpoint in its folder; from the start where there is none yet.
        case resumed
    }

    /// Trains to the end and returns the folder with the adapter or model.
    ///
    /// Whatever stops the run, the last complete checkpoint stands and `beginning: .resumed` goes on
    /// from it as if nothing had happened.
    public func start(_ beginning: Beginning) async throws -> URL {
        let checkpoints = CheckpointStore(
            folder: folder.checkpoints, keep: recipe.config.checkpoints.keep)
        let point = try prepareFolder(beginning, checkpoints)
        let recorder = try RunRecorder(folder: folder, reports: config.report)
        try await recorder.rewind(to: point.records)
        let observers = ObserverList([recorder, observer])
        let step = LatestStep(point.step)
        do {
            return try await train(
                from: point, checkpoints: checkpoints, recorder: recorder,
                observers: ObserverList([step] + observers.observers), step: step)
        } catch {
            await observers.record(.failed(step: await step.value, message: "\(error)"))
            throw error
        }
    }

    /// Where a run begins or goes on.
    struct StartingPoint {
        /// Steps made so far.
        var step = 0
        /// How long the records were after that step.
        var records = RunRecorder.Position()
        /// The checkpoint after that step; `nil` at the start.
        var checkpoint: URL?
        /// What a person should know before it goes on.
        var notices: [String] = []
    }

    private func train(
        from point: StartingPoint, checkpoints: CheckpointStore, recorder: RunRecorder,
        observers: ObserverList, step: LatestStep
    ) async throws -> URL {
        let material = try RunMaterial(config: recipe.config)
        let host = PolicyHost()
        let (config, totalSteps) = (recipe.config, material.totalSteps)
        let origin: Policy.Origin =
            point.checkpoint.map { .checkpoint($0) } ?? .recipe(newModelFolder: folder.initialModel)
        try await host.load {
            try Policy(config: config, origin: origin, totalSteps: totalSteps)
        }
        try await supplyReference(host, origin)
        let facts = try await host.perform { policy in
            policy.expect(sequencesOf: material.longestSequence)
            return policy.facts
        }
        await observers.record(
            .started(description(facts, material, resumedFrom: point.step)))
        let mismatch = try await host.perform { $0.language.model.baseMismatch }
        for warning in point.notices + material.warnings + (mismatch.map { ["\($0)"] } ?? []) {
            await observers.record(.warning(step: point.step, message: warning))
        }
        let watch = HealthWatch(config.tripwires)
        let watched = WatchedObserver(watch: watch, observer: observers)
        let learner = GuardedLearner(host, limit: config.tripwires.maxUndoneSteps) { message in
            await observers.record(.warning(step: step.value + 1, message: message))
        }
        let parts: [any CheckpointPart] = material.parts + [watch, learner]
        let milestones = milestones(
            material, host, checkpoints, recorder, observers, parts: parts)
        if let checkpoint = point.checkpoint {
            try await checkpoints.restore(parts + [milestones], from: checkpoint)
        }
        await companion?.prepare(observers, after: point.step)
        let last: Int
        do {
            // Cancelled, and waited for, where this scope ends.
            async let _ = companion?.accompany(observers)
            switch material.feed {
            case .prompts(let prompts):
                last = try await reinforcement(
                    prompts, material, host, learner: learner, milestones: milestones,
                    observer: watched
                ).run(after: point.step)
            case .examples(let examples):
                last = try await SupervisedTrainer(
                    totalSteps: totalSteps, feed: examples, learner: learner,
                    milestones: milestones, observer: watched
                ).run(after: point.step)
            }
        }
        let output = config.lora == nil ? folder.model : folder.adapter
        let best = await resultStep(milestones, last: last)
        try await DurableFolder.write(output) { partial in
            if best == last {
                try await host.writeWeights(to: partial)
            } else {
                try checkpoints.copyWeights(ofStep: best, to: partial)
            }
        }
        await observers.record(
            .finished(step: last, output: output.path, metrics: [("result/step", Double(best))]))
        _ = try await recorder.settle()
        return output
    }

    /// The step whose weights are the run's result.
    private func resultStep(_ milestones: RunMilestones, last: Int) async -> Int {
        guard config.evaluation?.loadBestModelAtEnd ?? false else { return last }
        return await milestones.progress.best?.step ?? last
    }
}

/// Works beside a run while it trains: takes in what is said to it from outside.
public protocol RunCompanion: Sendable {
    /// Called before the first step after `completedSteps`; what it does is done when that step begins.
    func prepare(_ observer: any RunObserver, after completedSteps: Int) async
    /// Works until its task is cancelled, which happens when the last step has been made.
    func accompany(_ observer: any RunObserver) async
}

/// Knows how far a run came, for events that tell of what went wrong in the step after it.
actor LatestStep: RunObserver {
    private(set) var value: Int

    init(_ value: Int) { self.value = value }

    func record(_ event: RunEvent) {
        // Told at the beginning of a step.
        if case .rewardsChanged = event { return }
        value = max(value, event.step)
    }
}
