import Foundation
import HoneCore
import HoneStore
import HoneTraining

extension RunRegistration {
    /// What the store keeps of a measurement of `contestant`.
    init(evaluating contestant: Contestant, with config: TrainingConfig) throws {
        self.init(
            title: contestant.title, method: "evaluate", model: contestant.name, folder: "",
            recipe: try RecipeYAML.text(config.configJSON),
            rewards: config.measuringRewards.map(RewardVersion.Content.init))
    }
}

extension Contestant {
    /// What a measurement of it is called.
    var title: String { "evaluate-\((adapter ?? folder).lastPathComponent)" }

    /// The measurement as its record tells it at the beginning.
    func description(rows: Int, samplesPerRow: Int) -> RunDescription {
        RunDescription(
            name: title, method: "evaluate", model: name, output: "", totalSteps: 0, resumedFrom: 0,
            facts: [("rows", "\(rows)"), ("samples a row", "\(samplesPerRow)")])
    }
}
