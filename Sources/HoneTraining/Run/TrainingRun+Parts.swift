import Foundation
import HoneCore
import OrderedCollections

extension TrainingRun {
    var config: TrainingConfig { recipe.config }

    /// Makes the folder of a new run, or finds what a resumed one continues from.
    func prepareFolder(
        _ beginning: Beginning, _ checkpoints: CheckpointStore
    ) throws -> (state: CheckpointStore.State, folder: URL)? {
        switch beginning {
        case .new:
            try folder.create()
            try Data(recipe.yaml().utf8).write(to: folder.recipe, options: .atomic)
            return nil
        case .resumed:
            guard let latest = try checkpoints.latest() else {
                throw RunFolderError.noCheckpoint(path: folder.url.path)
            }
            try requireSameRecipe()
            return latest
        }
    }

    /// A resumed run must be the run that was begun, or "identical" would mean nothing.
    private func requireSameRecipe() throws {
        let begun = try Recipe(path: folder.recipe.path).config.configJSON
        guard let key = Self.firstDifference(begun, config.configJSON, at: "") else { return }
        throw RunFolderError.differentRecipe(key: key, path: folder.url.path)
    }

    /// The dotted key of the first value that differs; `output` may, since folders can be moved.
    static func firstDifference(_ a: JSONValue, _ b: JSONValue, at path: String) -> String? {
        if a == b || path == "output" { return nil }
        guard case .object(let left) = a, case .object(let right) = b else { return path }
        for key in left.keys.elements + right.keys.filter({ left[$0] == nil }) {
            let name = path.isEmpty ? key : "\(path).\(key)"
            let found = firstDifference(left[key] ?? .null, right[key] ?? .null, at: name)
            if let found { return found }
        }
        return nil
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

    /// Measures held-out rows; `nil` where there are none or nothing scores them.
    func evaluator(_ material: RunMaterial, _ host: PolicyHost) -> Evaluator? {
        guard let evaluation = config.evaluation, let grader, !material.heldOut.isEmpty else {
            return nil
        }
        return Evaluator(
            samplesPerRow: evaluation.samples,
            sampling: SamplingParameters(
                temperature: evaluation.temperature, topK: evaluation.topK,
                topP: evaluation.topP,
                maxTokens: evaluation.maxCompletionLength
                    ?? config.sampling.maxCompletionLength),
            seed: UInt64(config.seed),
            criterion: PassCriterion(threshold: evaluation.passThreshold),
            passCounts: evaluation.passAtK, sampler: host, decoder: material.decoder,
            grader: grader)
    }

    func reinforcement(
        _ prompts: PromptStream, _ material: RunMaterial, _ host: PolicyHost,
        _ milestones: Milestones, _ observers: ObserverList
    ) throws -> GRPOTrainer {
        guard let grader else {
            preconditionFailure("a recipe of method grpo was accepted without rewards")
        }
        return GRPOTrainer(
            totalSteps: material.totalSteps, numGenerations: config.grpo.numGenerations,
            sampling: config.sampling.parameters, seed: UInt64(config.seed),
            advantages: AdvantageEstimator(
                config.grpo, rewardWeights: config.rewards.map(\.weight)),
            masksTruncated: config.grpo.maskTruncatedCompletions, feed: prompts, sampler: host,
            decoder: material.decoder, grader: grader, learner: host, milestones: milestones,
            observer: observers)
    }
}
