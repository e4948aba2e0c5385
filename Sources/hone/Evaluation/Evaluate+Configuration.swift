import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneTraining
import OrderedCollections

extension Evaluate {
    /// The recipe, or what the flags alone say, with the flags' values in it.
    func configuration(_ library: RewardLibrary) throws -> TrainingConfig {
        var config = try recipe.map { try Recipe(path: $0, overrides: overrides).config } ?? bare()
        if let rewards {
            let document = try Self.document(rewards)
            config.rewards = try GradingSpec.rewards(of: document, library: library)
        } else {
            var problems: [ConfigProblem] = []
            for (index, reward) in config.rewards.enumerated() {
                library.check(reward, at: ConfigPath("rewards").index(index), &problems)
            }
            guard problems.isEmpty else {
                throw ConfigError(file: recipe ?? "", problems: problems)
            }
        }
        guard !config.rewards.isEmpty else {
            throw ValidationError(
                "no reward functions: give --rewards FILE or a --recipe with them")
        }
        if let data {
            config.dataset.path = data
            config.dataset.test = nil
        }
        var evaluation = config.evaluation ?? .defaults
        try apply(to: &evaluation)
        // Those of the flag stand for all that the recipe names.
        if rewards != nil { evaluation.rewards = [] }
        config.evaluation = evaluation
        // What evaluation draws at most is what prompts must leave room for.
        if let length = evaluation.maxCompletionLength {
            config.sampling.maxCompletionLength = length
        }
        if let seed { config.seed = seed }
        if let device {
            guard let choice = DeviceChoice(device) else {
                throw ValidationError("--device \(device): expected \(DeviceChoice.form.text)")
            }
            config.device = choice
        }
        if let dtype {
            guard let choice = DTypeChoice(rawValue: dtype) else {
                throw ValidationError("--dtype \(dtype): expected \(DTypeChoice.form.text)")
            }
            config.dtype = choice
        }
        if let quantization {
            guard let choice = TrainingConfig.Quantization(rawValue: quantization) else {
                throw ValidationError(
                    "--quantization \(quantization): expected "
                        + TrainingConfig.Quantization.form.text)
            }
            config.quantization = choice
        }
        return config
    }

    /// A configuration without recipe. `--set` reaches the dataset's and the prompt's keys.
    private func bare() throws -> TrainingConfig {
        guard let first = model.first, let data else {
            throw ValidationError("give --recipe, or --model and --data")
        }
        var document = ConfigDocument(
            file: "--set",
            root: ["model": .string(first), "dataset": ["path": .string(data)]])
        for override in overrides {
            let parts = override.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw ValidationError("--set \(override): expected key=value")
            }
            try document.set(
                ConfigPath(String(parts[0])), to: try RecipeYAML.value(String(parts[1])))
        }
        let (config, problems) = TrainingConfig.decode(document, rewards: nil)
        // The reward functions come from --rewards, which is not part of this document.
        let real = problems.filter { $0.path.steps.first != .key("rewards") }
        guard real.isEmpty else { throw ConfigError(file: "--set", problems: real) }
        return config
    }

    /// The flags are judged by the rules of the recipe's keys.
    private func apply(to evaluation: inout EvaluationConfig) throws {
        var members = evaluation.configJSON.objectValue ?? [:]
        let given: [(String, JSONValue?)] = [
            ("rows", rows.map(JSONValue.int)), ("samples", samples.map(JSONValue.int)),
            ("temperature", temperature.map(JSONValue.double)),
            ("top_p", topP.map(JSONValue.double)), ("top_k", topK.map(JSONValue.int)),
            ("max_completion_length", maxTokens.map(JSONValue.int)),
            ("pass_threshold", passThreshold.map(JSONValue.double)),
            ("pass_at_k", try passAtK.map(Self.counts)),
        ]
        for case (let key, let value?) in given { members[key] = value }
        var problems: [ConfigProblem] = []
        evaluation = EvaluationConfig.decode(members, at: .root, &problems)
        guard problems.isEmpty else {
            throw ConfigError(file: "the options of the evaluation", problems: problems)
        }
    }

    private static func counts(_ text: String) throws -> JSONValue {
        .array(
            try text.split(separator: ",").map { part in
                guard let count = Int(part) else {
                    throw ValidationError("--pass-at-k \(text): expected numbers, as 1,4,16")
                }
                return .int(count)
            })
    }

    private static func document(_ path: String) throws -> ConfigDocument {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw RecipeError.unreadable(
                file: path, reason: "there is no such file, or it is not UTF-8 text")
        }
        return try RecipeYAML.document(text, file: path)
    }

    /// Every model, and every adapter on the one model.
    func contestants(_ config: TrainingConfig) throws -> [Contestant] {
        var folders = model
        if folders.isEmpty, case .folder(let folder) = config.model { folders = [folder] }
        guard let first = folders.first else {
            throw ValidationError("the recipe describes a new model; give --model DIR")
        }
        if adapter.isEmpty { return folders.map(Self.contestant) }
        guard folders.count == 1 else {
            throw ValidationError("adapters belong to one model; give one --model with --adapter")
        }
        let adapted = adapter.map {
            Contestant(
                folder: URL(filePath: first), adapter: URL(filePath: $0),
                name: TerminalText.shortPath($0))
        }
        return base ? [Self.contestant(first)] + adapted : adapted
    }

    private static func contestant(_ folder: String) -> Contestant {
        Contestant(
            folder: URL(filePath: folder), adapter: nil, name: TerminalText.shortPath(folder))
    }
}
