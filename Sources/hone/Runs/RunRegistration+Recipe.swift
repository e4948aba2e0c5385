import Foundation
import HoneCore
import HoneStore
import HoneTraining
import OrderedCollections

extension RunRegistration {
    /// What the store keeps of `recipe`, whose run is in `folder`.
    init(_ recipe: Recipe, folder: RunFolder, beginning: Beginning) throws {
        let config = recipe.config
        let model =
            switch config.model {
            case .folder(let path): path
            case .scratch: "a new model"
            }
        self.init(
            title: config.name ?? "run", method: config.method.rawValue, model: model,
            folder: folder.url.absoluteURL.standardizedFileURL.path, recipe: try recipe.yaml(),
            rewards: config.rewards.map(RewardVersion.Content.init),
            evaluationRewards: (config.evaluation?.rewards ?? []).map(RewardVersion.Content.init),
            beginning: beginning)
    }
}

extension RewardVersion.Content {
    /// The reward function that `reward` declares, with the text of its file as it is now.
    init(_ reward: RewardConfig) {
        // A file that cannot be read is told, with what to do about it, by who loads it.
        let source = reward.options["file"]?.stringValue.flatMap {
            try? String(contentsOfFile: $0, encoding: .utf8)
        }
        self.init(
            function: reward.name, declaration: reward.configJSON.text(), source: source)
    }
}
