import Foundation
import HoneCore
import OrderedCollections

/// Looks at what a recipe points to, without loading weights: do the files exist, does the model's
/// folder hold a model, do the first rows of the dataset make prompts.
public struct RecipeInspection: Sendable {
    public private(set) var problems: [ConfigProblem] = []
    /// Worth knowing, but no reason not to run.
    public private(set) var warnings: [String] = []
    /// The first row as it will be asked or learnt, before the chat template.
    public private(set) var firstRow: JSONValue?

    private let config: TrainingConfig
    private let document: ConfigDocument
    /// Paths of the recipe that have a problem already.
    private let faulty: [ConfigPath]

    /// So many rows are read; a training run reads all.
    public static let previewedRows = 1000

    public init(of reading: RecipeReading) {
        config = reading.config
        document = reading.document
        faulty = reading.problems.map(\.path)
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

    private mutating func report(_ path: String, _ message: String) {
        problems.append(ConfigProblem(ConfigPath(path), message))
    }

    /// Says that what stands at `key` is not there, and where it was looked for.
    private mutating func reportAbsent(_ kind: String, _ path: String, at key: String) {
        let written = document.value(at: ConfigPath(key))?.stringValue ?? path
        let elsewhere =
            written.hasPrefix("/") || written.hasPrefix("~")
            ? "" : ", nor \(written) in the working directory"
        report(key, "there is no \(kind) \(path)\(elsewhere)")
    }

    private func isFaulty(_ path: String) -> Bool {
        let place = ConfigPath(path)
        return faulty.contains { $0 == place }
    }

    // MARK: Model

    private mutating func inspectModel() {
        guard !isFaulty("model") else { return }
        switch config.model {
        case .folder(let folder):
            guard isFolder(folder) else {
                reportAbsent("folder", folder, at: "model")
                return
            }
            inspectWeights(folder)
            inspectModelConfig(folder)
            requireFile("tokenizer.json", in: folder, at: "model")
        case .scratch(let model):
            guard !model.tokenizer.isEmpty else { return }
            guard isFolder(model.tokenizer) else {
                reportAbsent("folder", model.tokenizer, at: "model.tokenizer")
                return
            }
            requireFile("tokenizer.json", in: model.tokenizer, at: "model.tokenizer")
            inspectLength(of: model.config)
        }
    }

    private mutating func inspectModelConfig(_ folder: String) {
        guard let text = requireFile("config.json", in: folder, at: "model") else { return }
        do {
            guard let members = try JSONValue(parsing: [UInt8](text)).objectValue else {
                report("model", "\(folder)/config.json is not a JSON object")
                return
            }
            if members["model_type"]?.stringValue == nil {
                report("model", "\(folder)/config.json has no model_type")
            }
            inspectLength(of: members)
        } catch {
            report("model", "\(folder)/config.json: \(error)")
        }
    }

    /// The completion must fit what the model can attend to, with room for a prompt.
    private mutating func inspectLength(of members: JSONObject) {
        let text = members["text_config"]?.objectValue ?? members
        guard let longest = text["max_position_embeddings"]?.intValue else { return }
        let completion = config.sampling.maxCompletionLength
        if config.method == .grpo, completion >= longest,
            !isFaulty("sampling.max_completion_length")
        {
            report(
                "sampling.max_completion_length",
                "is \(completion), but the model takes only \(longest) tokens, prompt included")
        }
        if config.method == .sft, config.sft.maxLength > longest, !isFaulty("sft.max_length") {
            report(
                "sft.max_length",
                "is \(config.sft.maxLength), but the model takes only \(longest) tokens")
        }
    }

    /// One safetensors file, or an index whose shards are all there.
    private mutating func inspectWeights(_ folder: String) {
        let files = FileManager.default
        if files.fileExists(atPath: folder + "/model.safetensors") { return }
        let index = folder + "/model.safetensors.index.json"
        guard let data = files.contents(atPath: index) else {
            report("model", "\(folder) has neither model.safetensors nor an index of shards")
            return
        }
        do {
            let map = try JSONValue(parsing: [UInt8](data))["weight_map"]?.objectValue ?? [:]
            let shards = Set(map.values.compactMap(\.stringValue)).sorted()
            if shards.isEmpty { report("model", "\(index) names no shards") }
            for shard in shards where !files.fileExists(atPath: folder + "/" + shard) {
                report("model", "the shard \(shard), which \(index) names, is missing")
            }
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
        requireFile("adapter_config.json", in: folder, at: "lora.path")
        requireFile("adapter_model.safetensors", in: folder, at: "lora.path")
    }

    // MARK: Rewards and data

    private mutating func inspectRewards() {
        for (position, reward) in config.rewards.enumerated() {
            guard case .string(let file)? = reward.options["file"],
                !FileManager.default.fileExists(atPath: file)
            else { continue }
            reportAbsent("file", file, at: "rewards[\(position)].file")
        }
    }

    private mutating func inspectDataset() {
        guard !config.dataset.path.isEmpty, !isFaulty("dataset") else { return }
        guard !faulty.contains(where: { "\($0)".hasPrefix("dataset.") }) else { return }
        do {
            switch config.method {
            case .grpo:
                let data = try Dataset.prompts(config.dataset, preview: Self.previewedRows)
                warnings += data.warnings
                firstRow = data.train.first.map { $0.prompt.json }
                inspectTemplate(for: data.train.map(\.prompt))
            case .sft:
                let data = try Dataset.examples(config.dataset, preview: Self.previewedRows)
                warnings += data.warnings
                firstRow = data.train.first.map { $0.content.json }
                inspectTemplate(for: data.train.compactMap(\.content.conversation))
            }
        } catch let error as DatasetError {
            for line in "\(error)".split(separator: "\n") {
                report(
                    error.concernsTest(config.dataset) ? "dataset.test" : "dataset.path", "\(line)")
            }
        } catch {
            report("dataset", "\(error)")
        }
    }

    /// A conversation needs a chat template.
    private mutating func inspectTemplate(for prompts: [DatasetRow.Prompt]) {
        let folder = config.model.tokenizerFolder
        let asksInTurns = prompts.contains { prompt in
            if case .messages = prompt { true } else { false }
        }
        guard asksInTurns, isFolder(folder), !hasChatTemplate(folder) else { return }
        report(
            "dataset.prompt",
            "rows are conversations, but \(folder) has no chat template; set style: text, or add "
                + "chat_template.jinja to the folder")
    }

    private func hasChatTemplate(_ folder: String) -> Bool {
        let files = FileManager.default
        if files.fileExists(atPath: folder + "/chat_template.jinja") { return true }
        if files.fileExists(atPath: folder + "/chat_template.json") { return true }
        guard let data = files.contents(atPath: folder + "/tokenizer_config.json"),
            let settings = try? JSONValue(parsing: [UInt8](data))
        else { return false }
        return settings["chat_template"].map { !$0.isNull } ?? false
    }

    // MARK: Output

    private mutating func inspectOutput() {
        guard let output = config.output,
            FileManager.default.fileExists(atPath: output + "/events.jsonl")
        else { return }
        warnings.append("\(output) already holds a run: --resume continues it, --output avoids it")
    }

    private func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && isDirectory.boolValue
    }

    @discardableResult
    private mutating func requireFile(_ name: String, in folder: String, at path: String) -> Data? {
        let data = FileManager.default.contents(atPath: folder + "/" + name)
        if data == nil { report(path, "\(folder) has no \(name)") }
        return data
    }
}

extension DatasetError {
    /// Whether the error speaks of the held-out rows.
    fileprivate func concernsTest(_ dataset: DatasetConfig) -> Bool {
        if case .impossibleSplit = self { return true }
        guard case .path(let held)? = dataset.test else { return false }
        return switch self {
        case .unreadable(let path, _), .unknownFormat(let path), .empty(let path),
            .badRows(let path, _, _):
            path == held
        default: false
        }
    }
}

extension DatasetRow.Prompt {
    /// A string, or a list of turns.
    public var json: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .messages(let messages): .array(messages.map(\.json))
        }
    }
}

extension SupervisedRow.Content {
    /// As a row of a dataset would give it.
    var json: JSONValue {
        switch self {
        case .completion(let prompt, let completion):
            ["prompt": prompt.json, "completion": .string(completion)]
        case .conversation(let messages): ["messages": .array(messages.map(\.json))]
        case .text(let text): ["text": .string(text)]
        }
    }

    /// What goes through the chat template, if anything does.
    fileprivate var conversation: DatasetRow.Prompt? {
        switch self {
        case .completion(let prompt, _): prompt
        case .conversation(let messages): .messages(messages)
        case .text: nil
        }
    }
}
