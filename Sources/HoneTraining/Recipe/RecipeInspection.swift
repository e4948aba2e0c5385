import Foundation
import HoneCore
import HoneModels
import HoneText
import OrderedCollections
import Torch

/// Looks at what a recipe points to, without loading weights: do the files exist, does the model's
/// folder hold a model, do the first rows of the dataset make prompts.
public struct RecipeInspection: Sendable {
    public internal(set) var problems: [ConfigProblem] = []
    /// Worth knowing, but no reason not to run.
    public internal(set) var warnings: [String] = []
    /// The first row as the model will see it; `nil` if it could not be made.
    public internal(set) var firstRow: FirstRow?

    let config: TrainingConfig
    private let document: ConfigDocument
    /// Paths of the recipe that have a problem already.
    let faulty: [ConfigPath]
    /// Tokenizer and chat template, if they can be read.
    var modelText: ModelText?
    /// Tokens that the longest completion leaves for a prompt.
    var room: Int?

    /// So many rows are read; a training run reads all.
    public static let previewedRows = 1000

    public init(of reading: RecipeReading) {
        config = reading.config
        document = reading.document
        faulty = reading.problems.map(\.path)
        inspectDevice()
        warnings += config.keysWithoutEffect
        inspectModel()
        inspectAdapter()
        inspectRewards()
        inspectDataset()
        inspectOutput()
        problems = problems.map { problem in
            var problem = problem
            problem.line = reading.document.line(of: problem.path)
            return problem
        }
    }

    mutating func report(_ path: String, _ message: String) {
        problems.append(ConfigProblem(ConfigPath(path), message))
    }

    /// Says that what stands at `key` is not there, and where it was looked for.
    mutating func reportAbsent(
        _ kind: String, _ path: String, at key: String, _ remedy: String = ""
    ) {
        let written = document.value(at: ConfigPath(key))?.stringValue ?? path
        let elsewhere =
            written.hasPrefix("/") || written.hasPrefix("~")
            ? "" : ", nor \(written) in the working directory"
        report(key, "there is no \(kind) \(path)\(elsewhere)\(remedy)")
    }

    /// For a model that is not there: its name may be one of the hub.
    private static let download =
        "; Hone loads nothing from the network: fetch a published model first, as with hf download "
        + "NAME --local-dir FOLDER"

    func isFaulty(_ path: String) -> Bool {
        let place = ConfigPath(path)
        return faulty.contains { $0 == place }
    }

    /// No problem: a recipe may be written here for another machine.
    private mutating func inspectDevice() {
        do throws(DeviceUnavailable) {
            _ = try Device(config.device)
        } catch {
            warnings.append("\(error)")
        }
    }

    // MARK: Model

    private mutating func inspectModel() {
        guard !isFaulty("model") else { return }
        switch config.model {
        case .folder(let folder):
            guard isFolder(folder) else {
                if !folder.isEmpty { reportAbsent("folder", folder, at: "model", Self.download) }
                return
            }
            if let fault = FolderFault(ofModel: URL(filePath: folder)) {
                report("model", "\(fault)")
                return
            }
            inspectWeights(folder)
            let model = attempt("model") { () throws in
                try ModelConfig(folder: URL(filePath: folder))
            }
            let text = attempt("model") { try ModelText(folder: URL(filePath: folder)) }
            inspectModel(model, text, at: "model")
            modelText = text
        case .scratch(let new):
            guard !new.tokenizer.isEmpty else { return }
            guard isFolder(new.tokenizer) else {
                reportAbsent("folder", new.tokenizer, at: "model.tokenizer")
                return
            }
            let model = attempt("model.config") { () throws in
                try ModelConfig(new.config, file: "model.config")
            }
            let text = attempt("model.tokenizer") {
                try ModelText(folder: URL(filePath: new.tokenizer))
            }
            inspectModel(model, text, at: "model.tokenizer")
            modelText = text
        }
    }

    /// What `body` gives; its error becomes a problem at `key`.
    private mutating func attempt<Value>(_ key: String, _ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            report(key, "\(error)")
            return nil
        }
    }

    private mutating func inspectModel(_ model: ModelConfig?, _ text: ModelText?, at key: String) {
        guard let model else { return }
        inspectLength(model.maximumLength)
        inspectTargets(model)
        guard let largest = text?.tokenizer.maximumID, largest >= model.vocabularySize else {
            return
        }
        report(
            key,
            "the tokenizer has ids up to \(largest), but the model only knows ids below "
                + "\(model.vocabularySize); tokenizer.json belongs to another model")
    }

    /// The completion must fit what the model can attend to, with room for a prompt.
    private mutating func inspectLength(_ longest: Int) {
        let completion = config.sampling.maxCompletionLength
        if config.method == .grpo, completion >= longest,
            !isFaulty("sampling.max_completion_length")
        {
            report(
                "sampling.max_completion_length",
                "is \(completion), but the model takes only \(longest) tokens, prompt included")
        } else {
            room = longest - completion
        }
        if config.method == .sft, config.sft.maxLength > longest, !isFaulty("sft.max_length") {
            report(
                "sft.max_length",
                "is \(config.sft.maxLength), but the model takes only \(longest) tokens")
        }
    }

    /// Each target of the adapter must name a kind of layer that the model has.
    private mutating func inspectTargets(_ model: ModelConfig) {
        guard case .named(let names)? = config.lora?.targetModules else { return }
        let kinds =
            switch model.projections {
            case .separate:
                ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
            case .fused: ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
            }
        for (position, name) in names.enumerated() {
            let kind = name.split(separator: ".").last.map(String.init) ?? name
            guard !kinds.contains(kind), kind != "lm_head" else { continue }
            let remedy =
                KeySuggestion.nearest(to: kind, among: kinds).map { "did you mean \($0)?" }
                ?? "it has: \(kinds.joined(separator: ", "))"
            report(
                "lora.target_modules[\(position)]", "the model has no layer \(name); \(remedy)")
        }
    }

    /// One safetensors file, or an index whose shards are all there.
    private mutating func inspectWeights(_ folder: String) {
        let files = FileManager.default
        if files.fileExists(atPath: folder + "/model.safetensors") { return }
        let index = folder + "/model.safetensors.index.json"
        guard files.fileExists(atPath: index) else {
            report("model", "\(folder) has neither model.safetensors nor an index of shards")
            return
        }
        do {
            let data = try PlainFile.contents(of: index)
            let map = try JSONValue(parsing: [UInt8](data))["weight_map"]?.objectValue ?? [:]
            let shards = Set(map.values.compactMap(\.stringValue)).sorted()
            if shards.isEmpty { report("model", "\(index) names no shards") }
            for shard in shards where !files.fileExists(atPath: folder + "/" + shard) {
                report("model", "the shard \(shard), which \(index) names, is missing")
            }
        } catch let error as PlainFile.Problem {
            report("model", "\(error)")
        } catch {
            report("model", "\(index): \(error)")
        }
    }

    private mutating func inspectAdapter() {
        guard let folder = config.lora?.path, !isFaulty("lora.path") else { return }
        guard isFolder(folder) else {
            reportAbsent("folder", folder, at: "lora.path")
            return
        }
        if let fault = FolderFault(ofAdapter: URL(filePath: folder)) {
            report("lora.path", "\(fault)")
            return
        }
        do {
            _ = try AdapterFile.settings(of: URL(filePath: folder))
        } catch {
            report("lora.path", "\(error)")
        }
        let weights = "adapter_model.safetensors"
        if !FileManager.default.fileExists(atPath: folder + "/" + weights) {
            report("lora.path", "\(folder) has no \(weights)")
        }
    }

    // MARK: Rewards

    private mutating func inspectRewards() {
        for (place, rewards) in [
            ("rewards", config.rewards), ("evaluation.rewards", config.evaluation?.rewards ?? []),
        ] {
            for (position, reward) in rewards.enumerated() {
                guard case .string(let file)? = reward.options["file"],
                    !FileManager.default.fileExists(atPath: file)
                else { continue }
                reportAbsent("file", file, at: "\(place)[\(position)].file")
            }
        }
    }

    // MARK: Output

    private mutating func inspectOutput() {
        guard let output = config.output,
            FileManager.default.fileExists(atPath: output + "/events.jsonl")
        else { return }
        warnings.append("\(output) already holds a run: --resume continues it, --output avoids it")
    }

    func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && isDirectory.boolValue
    }
}
