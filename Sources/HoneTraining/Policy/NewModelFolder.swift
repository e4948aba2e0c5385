import Foundation
import HoneCore
import HoneModels
import Torch

/// A model that a recipe describes instead of naming a folder.
struct NewModelFolder {
    var description: ScratchModel
    /// Receives `config.json` and the tokenizer's files; the weights come with the first save.
    var folder: URL

    /// Writes the folder and draws the weights.
    func make(seed: UInt64, dtype: DType, device: Device) throws -> LanguageModel {
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let config = JSONValue.object(description.config).text(.indented) + "\n"
        try Data(config.utf8).write(to: folder.appending(path: "config.json"), options: .atomic)
        let source = URL(filePath: description.tokenizer)
        for name in try files.contentsOfDirectory(atPath: source.path)
        where Self.belongsToText(name) {
            let data = try PlainFile.contents(of: source.appending(path: name))
            try data.write(to: folder.appending(path: name), options: .atomic)
        }
        let model = try DecoderModel.random(
            config: ModelConfig(folder: folder), seed: seed, dtype: dtype, device: device)
        return try LanguageModel(model: model, folder: folder)
    }

    private static func belongsToText(_ name: String) -> Bool {
        let isDescription = name.hasSuffix(".json") || name.hasSuffix(".jinja")
        return isDescription && name != "config.json" && !name.hasPrefix("adapter_")
            && !name.hasSuffix(".index.json")
    }
}
