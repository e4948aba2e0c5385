import Foundation
import HoneCore
import HoneStore
import HoneTraining

extension RunRegistration {
    /// What the store keeps of a measurement of `contestant`.
    init(evaluating contestant: Contestant, with config: TrainingConfig) throws {
        let rewards = config.evaluation?.rewards ?? []
        self.init(
            title: "evaluate-\((contestant.adapter ?? contestant.folder).lastPathComponent)",
            method: "evaluate", model: contestant.name, folder: "",
            recipe: try RecipeYAML.text(config.configJSON),
            rewards: (rewards.isEmpty ? config.rewards : rewards).map(RewardVersion.Content.init))
    }
}

extension Contestant {
    /// The measurement as the store records it.
    func events(_ evaluation: Evaluation) -> [RunEvent] {
        [
            .started(
                RunDescription(
                    name: name, method: "evaluate", model: folder.path, output: "", totalSteps: 0,
                    resumedFrom: 0,
                    facts: [
                        ("rows", "\(evaluation.rows)"),
                        ("samples a row", "\(evaluation.samplesPerRow)"),
                    ])),
            .evaluated(evaluation.record(step: 0)),
            .finished(step: 0, output: "", metrics: []),
        ]
    }
}
