import Foundation
import HoneCore
import OrderedCollections

/// A recipe read from a file: the configuration, with file names made absolute.
///
/// A relative name of something to read (model, dataset, reward file, adapter) is looked for beside
/// the recipe, then in the working directory. What a run writes (`output`) belongs to the working
/// directory.
public struct Recipe: Sendable, Hashable {
    public var config: TrainingConfig
    /// The recipe's file.
    public var file: URL

    /// Reads and checks the recipe at `path`, after putting `overrides` (`key=value`) into it.
    /// - Throws: ``RecipeError`` when the text cannot be read; `ConfigError` with every problem.
    public init(
        path: String, overrides: [String] = [], rewards catalog: (any RewardCatalog)? = nil
    ) throws {
        let reading = try RecipeReading(path: path, overrides: overrides, rewards: catalog)
        guard reading.problems.isEmpty else {
            throw ConfigError(file: path, problems: reading.problems)
        }
        config = reading.config
        file = reading.file
    }

    /// The resolved recipe as YAML: every key with its value. It loads again to the same
    /// configuration.
    public func yaml() throws -> String { try RecipeYAML.text(config.configJSON) }
}

/// What could be understood of a recipe and everything wrong with it.
public struct RecipeReading: Sendable {
    /// Fit for use only if there are no ``problems``.
    public var config: TrainingConfig
    public var problems: [ConfigProblem]
    public var document: ConfigDocument
    public var file: URL

    /// - Throws: ``RecipeError`` when the text cannot be read.
    public init(path: String, overrides: [String], rewards catalog: (any RewardCatalog)?) throws {
        file = URL(filePath: path).absoluteURL.standardizedFileURL
        document = try Self.document(at: file, named: path)
        for override in overrides { try Self.apply(override, to: &document) }
        (config, problems) = TrainingConfig.decode(document, rewards: catalog)
        if config.name == nil { config.name = Self.name(of: file) }
        FileNames(recipeFolder: file.deletingLastPathComponent()).resolve(&config)
    }

    private static func document(at file: URL, named path: String) throws -> ConfigDocument {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder),
            isFolder.boolValue
        {
            let inside = file.appending(path: "recipe.yaml")
            let meant =
                FileManager.default.fileExists(atPath: inside.path)
                ? "; did you mean \((path as NSString).appendingPathComponent("recipe.yaml"))?" : ""
            throw RecipeError.unreadable(file: path, reason: "it is a folder" + meant)
        }
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            let reason =
                FileManager.default.fileExists(atPath: file.path)
                ? error.localizedDescription : "there is no such file"
            throw RecipeError.unreadable(file: path, reason: reason)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw RecipeError.unreadable(file: path, reason: "it is not UTF-8 text")
        }
        return try RecipeYAML.document(text, file: path)
    }

    /// Puts `text`, `key.path=value`, into `document`. The value is read as YAML.
    static func apply(_ text: String, to document: inout ConfigDocument) throws(RecipeError) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw .override(text: text, reason: "expected key=value, such as grpo.beta=0.04")
        }
        let value: JSONValue
        do {
            value = try RecipeYAML.value(String(text[text.index(after: equals)...]))
        } catch {
            throw .override(text: text, reason: "the value is not YAML: \(error)")
        }
        do {
            try document.set(ConfigPath(String(text[..<equals])), to: value)
        } catch {
            throw .override(text: text, reason: "\(error)")
        }
    }

    /// The recipe's folder, and the file's own name unless it is `recipe`: `countdown` for
    /// `Recipes/countdown/recipe.yaml`, `countdown-pretrain` for `pretrain.yaml` beside it.
    static func name(of file: URL) -> String {
        let folder = file.deletingLastPathComponent().lastPathComponent
        let stem = file.deletingPathExtension().lastPathComponent
        return stem == "recipe" ? folder : "\(folder)-\(stem)"
    }
}

/// Finds the files that a recipe names.
struct FileNames {
    var recipeFolder: URL

    /// Makes every name of something to read absolute.
    func resolve(_ config: inout TrainingConfig) {
        switch config.model {
        case .folder(let folder): config.model = .folder(absolute(folder))
        case .scratch(var model):
            model.tokenizer = absolute(model.tokenizer)
            config.model = .scratch(model)
        }
        config.dataset.path = absolute(config.dataset.path)
        if case .path(let file)? = config.dataset.test {
            config.dataset.test = .path(absolute(file))
        }
        if let adapter = config.lora?.path { config.lora?.path = absolute(adapter) }
        resolve(&config.rewards)
        if var evaluation = config.evaluation {
            resolve(&evaluation.rewards)
            config.evaluation = evaluation
        }
    }

    private func resolve(_ rewards: inout [RewardConfig]) {
        for index in rewards.indices {
            // The option `file` names a file in every type of reward.
            if case .string(let file)? = rewards[index].options["file"] {
                rewards[index].options["file"] = .string(absolute(file))
            }
        }
    }

    /// Beside the recipe if it is there, else in the working directory if it is there, else beside
    /// the recipe, where its absence will be reported.
    func absolute(_ name: String) -> String {
        guard !name.isEmpty else { return name }
        let expanded = (name as NSString).expandingTildeInPath
        if expanded.hasPrefix("/") { return URL(filePath: expanded).standardizedFileURL.path }
        let beside = recipeFolder.appending(path: expanded).standardizedFileURL.path
        if FileManager.default.fileExists(atPath: beside) { return beside }
        let here = URL(filePath: expanded).absoluteURL.standardizedFileURL.path
        return FileManager.default.fileExists(atPath: here) ? here : beside
    }
}
