import Foundation
import HoneCore
import HoneStore
import HoneTraining
import OrderedCollections

extension RunRegistration {
    /// What the store keeps of `recipe`, whose run is in `folder`.
    init(_ recipe: Recipe, folder: RunFolder) throws {
        let config = recipe.config
        let model =
            switch config.model {
            case .folder(let path): path
            case .scratch: "a new model"
            }
        self.init(
            title: config.name ?? "run", method: config.method.rawValue, model: model,
            folder: folder.url.absoluteURL.standardizedFileURL.path, recipe: try recipe.yaml(),
            rewards: try config.rewards.map { reward in
                RewardVersion.Content(
                    function: reward.name, declaration: reward.configJSON.text(),
                    source: try reward.options["file"]?.stringValue.map {
                        try String(contentsOfFile: $0, encoding: .utf8)
                    })
            })
    }
}
