import Foundation
import HoneCore

/// A run from its recipe: wires data, policy, grader and observers to the trainer of its method.
public struct TrainingRun: Sendable {
    public var recipe: Recipe
    public var folder: RunFolder
    /// What scores completions; a supervised run has none.
    public var grader: (any Grader)?
    /// Who watches besides the run's own files.
    public var observer: any RunObserver

    public init(
        recipe: Recipe, folder: RunFolder, grader: (any Grader)?, observer: any RunObserver
    ) {
        self.recipe = recipe
        self.folder = folder
        self.grader = grader
        self.observer = observer
    }

    /// How a run begins.
    public enum Beginning: Sendable {
        case new
        /// From the latest complete checkpoint in its folder.
        case resumed
    }

    /// Trains to the end and returns the folder with the adapter or model.
    ///
    /// Whatever stops the run, the last complete checkpoint stands and `beginning: .resumed` goes on
    /// from it as if nothing had happened.
    public func start(_ beginning: Beginning) async throws -> URL {
        let checkpoints = CheckpointStore(
            folder: folder.checkpoints, keep: recipe.config.checkpoints.keep)
        let resumed = try prepareFolder(beginning, checkpoints)
        let recorder = try RunRecorder(folder: folder, reports: config.report)
        if let resumed { try await recorder.rewind(to: resumed.state.records) }
        let observers = ObserverList([recorder, observer])
        let step = LatestStep(resumed?.state.step ?? 0)
        do {
            return try await train(
                after: resumed, checkpoints: checkpoints, recorder: recorder,
                observers: ObserverList([step] + observers.observers))
        } catch {
            await observers.record(.failed(step: await step.value, message: "\(error)"))
            throw error
        }
    }

    private func train(
        after resumed: (state: CheckpointStore.State, folder: URL)?, checkpoints: CheckpointStore,
        recorder: RunRecorder, observers: ObserverList
    ) async throws -> URL {
        let material = try RunMaterial(config: recipe.config)
        let host = PolicyHost()
        let (config, totalSteps) = (recipe.config, material.totalSteps)
        let origin: Policy.Origin =
            resumed.map { .checkpoint($0.folder) } ?? .recipe(newModelFolder: folder.initialModel)
        try await host.load {
            try Policy(config: config, origin: origin, totalSteps: totalSteps)
        }
        let completed = resumed?.state.step ?? 0
        let facts = try await host.perform { $0.facts }
        await observers.record(
            .started(description(facts, material, resumedFrom: completed)))
        for warning in material.warnings {
            await observers.record(.warning(step: completed, message: warning))
        }

        let evaluator = evaluator(material, host)
        let milestones = Milestones(
            evaluationInterval: evaluator == nil
                ? nil : config.evaluation?.every ?? totalSteps,
            checkpointInterval: config.checkpoints.every,
            evaluate: { step in
                guard let found = try await evaluator?.evaluate(material.heldOut, step: step)
                else { return }
                await observers.record(
                    .evaluated(step: step, metrics: found.metrics, samples: found.samples))
            },
            checkpoint: { step in
                let state = CheckpointStore.State(step: step, records: try await recorder.settle())
                let path = try await checkpoints.write(host, state: state)
                await observers.record(.checkpointed(step: step, path: path.path))
            })
        switch material.feed {
        case .prompts(let prompts):
            try await reinforcement(prompts, material, host, milestones, observers)
                .run(after: completed)
        case .examples(let examples):
            try await SupervisedTrainer(
                totalSteps: totalSteps, feed: examples, learner: host, milestones: milestones,
                observer: observers
            ).run(after: completed)
        }
        let output = config.lora == nil ? folder.model : folder.adapter
        try await DurableFolder.write(output) { try await host.writeWeights(to: $0) }
        await observers.record(
            .finished(step: totalSteps, output: output.path, metrics: []))
        _ = try await recorder.settle()
        return output
    }
}

/// Knows how far a run came, for the event that tells of its failure.
private actor LatestStep: RunObserver {
    private(set) var value: Int

    init(_ value: Int) { self.value = value }

    func record(_ event: RunEvent) { value = max(value, event.step) }
}
