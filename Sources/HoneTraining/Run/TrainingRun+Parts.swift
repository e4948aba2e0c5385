import Foundation
import HoneCore
import OrderedCollections

extension TrainingRun {
    var config: TrainingConfig { recipe.config }

    /// Makes the folder of a new run, or finds what a resumed one continues from.
    func prepareFolder(
        _ beginning: Beginning, _ checkpoints: CheckpointStore
    ) throws -> StartingPoint {
        switch beginning {
        case .new:
            try folder.create()
            try writeRecipe()
            return StartingPoint()
        case .resumed:
            guard FileManager.default.fileExists(atPath: folder.url.path) else {
                throw RunFolderError.noRun(path: folder.url.path)
            }
            try DurableFolder.removeRemains(in: folder.url)
            try DurableFolder.removeRemains(in: folder.checkpoints)
            // Killed before anything was written.
            guard FileManager.default.fileExists(atPath: folder.recipe.path) else {
                try writeRecipe()
                return StartingPoint()
            }
            let longer = try RunLength.extending(folder, with: recipe)
            if longer != nil { try writeRecipe() }
            var point = StartingPoint()
            point.notices = longer.map { [$0.notice] } ?? []
            // Killed before its first checkpoint: everything begins again, in the same way.
            guard let latest = try checkpoints.latest() else {
                if config.checkpoints.every == nil {
                    point.notices.append(
                        "there is no checkpoint to go on from, since checkpoints.every is not set: "
                            + "the run begins again at step 1")
                }
                return point
            }
            point.step = latest.state.step
            point.records = latest.state.records
            point.checkpoint = latest.folder
            return point
        }
    }

    /// Lets reward functions ask the model that training begins with. Below an adapter it is there
    /// anyway, also for functions that come while the run trains.
    func supplyReference(_ host: PolicyHost, _ origin: Policy.Origin) async throws {
        guard let reference else { return }
        if await reference.isNeeded {
            try await host.keepReference(config, origin)
        } else if config.lora == nil {
            return await reference.keepNone()
        }
        await reference.supply(host)
    }

    private func writeRecipe() throws {
        do {
            try Data(recipe.yaml().utf8).write(to: folder.recipe, options: .atomic)
        } catch {
            throw RunFolderError.write(
                path: folder.recipe.path, reason: error.localizedDescription)
        }
    }

    func description(
        _ facts: PolicyFacts, _ material: RunMaterial, resumedFrom step: Int
    ) -> RunDescription {
        let model =
            switch config.model {
            case .folder(let folder): folder
            case .scratch: "a new model"
            }
        return RunDescription(
            name: config.name ?? "run", method: config.method.rawValue, model: model,
            output: folder.url.path, totalSteps: material.totalSteps, resumedFrom: step,
            facts: [
                ("policy", facts.summary),
                ("training", config.lora.map { "LoRA of rank \($0.rank)" } ?? "every weight"),
                ("rows", material.summary),
            ])
    }

    func milestones(
        _ material: RunMaterial, _ host: PolicyHost, _ checkpoints: CheckpointStore,
        _ recorder: RunRecorder, _ observers: ObserverList, parts: [any CheckpointPart]
    ) -> RunMilestones {
        let evaluator = evaluator(material, host)
        return RunMilestones(
            intervals: RunMilestones.Intervals(
                evaluation: evaluator == nil
                    ? nil : config.evaluation?.every ?? material.totalSteps,
                checkpoint: config.checkpoints.every,
                checkpointsBest: evaluator != nil
                    && (config.checkpoints.best || config.evaluation?.loadBestModelAtEnd ?? false)),
            rule: config.evaluation.map(HeldOutProgress.Rule.init),
            measure: { try await evaluator?.evaluate(material.heldOut, step: $0) },
            store: checkpoints, policy: host, recorder: recorder, observer: observers, parts: parts,
            isInterrupted: isInterrupted)
    }

    /// Measures held-out rows; `nil` where there are none or nothing scores them.
    func evaluator(_ material: RunMaterial, _ host: any Sampler) -> Evaluator? {
        guard let evaluation = config.evaluation, let grader = evaluationGrader ?? grader,
            !material.heldOut.isEmpty
        else { return nil }
        return Evaluator(
            samplesPerRow: evaluation.samples,
            sampling: evaluation.parameters(
                maxTokens: evaluation.maxCompletionLength
                    ?? config.sampling.maxCompletionLength),
            seed: UInt64(config.seed),
            criterion: PassCriterion(threshold: evaluation.passThreshold),
            passCounts: evaluation.passAtK, sampler: host, decoder: material.decoder,
            grader: grader)
    }

    func reinforcement(
        _ prompts: any PromptFeed, _ material: RunMaterial, _ sampler: any Sampler,
        learner: any Learner, milestones: any Milestones = NoMilestones(),
        observer: any RunObserver = ObserverList([])
    ) throws -> GRPOTrainer {
        GRPOTrainer(
            totalSteps: material.totalSteps,
            advantages: AdvantageEstimator(
                config.grpo, rewardWeights: config.rewards.map(\.weight)),
            masksTruncated: config.grpo.maskTruncatedCompletions, feed: prompts,
            rollouts: rollouts(material, sampler), selection: config.groupSelection,
            learner: learner, milestones: milestones, observer: observer)
    }

    func rollouts(_ material: RunMaterial, _ sampler: any Sampler) -> RolloutMaker {
        guard let grader else {
            preconditionFailure("a recipe of method grpo was accepted without rewards")
        }
        return RolloutMaker(
            groupSize: config.grpo.numGenerations, sampling: config.sampling.parameters,
            seed: UInt64(config.seed), sampler: sampler, decoder: material.decoder, grader: grader)
    }
}

extension TrainingConfig {
    /// Which groups a step learns from.
    var groupSelection: any GroupSelection {
        guard let filterGroups else { return EveryGroup() }
        return InformativeGroups(
            component: filterGroups.metric, batchLimit: filterGroups.maxNumGenBatches)
    }
}
