import Foundation
import HoneCore

/// The prompts of an evaluation outside a run, as token ids.
public struct EvaluationMaterial: Sendable {
    public let prompts: [EncodedPrompt]
    public let decoder: any TextDecoding
    /// Tokens of the longest prompt.
    public var longestPrompt: Int { prompts.map(\.tokens.count).max() ?? 0 }
    /// What a person should know before the numbers.
    public let warnings: [String]

    /// Which rows of a dataset are asked.
    public enum Rows: Sendable, Hashable {
        /// Those its split holds out.
        case heldOut
        case all
    }

    /// Reads and encodes the rows that `config` names, with its model's tokenizer. No weights are loaded.
    /// - Parameters:
    ///   - config: names model, dataset and the longest completion, for which prompts leave room.
    ///   - rows: which of the dataset's rows are asked.
    ///   - limit: ask only the first so many; `nil` asks all.
    /// - Throws: ``EvaluationError/noHeldOutRows(path:)``, ``EvaluationError/nothingFits(path:rows:limit:longest:)``, and what reading the rows throws.
    public init(config: TrainingConfig, rows: Rows, limit: Int?) throws {
        try config.checkPlaces()
        let text = try ModelText(folder: URL(filePath: config.model.tokenizerFolder))
        let dataset = try Dataset<DatasetRow>.prompts(config.dataset)
        let chosen: DatasetRows<DatasetRow>
        switch rows {
        case .all: chosen = dataset.train
        case .heldOut:
            guard !dataset.test.isEmpty else {
                throw EvaluationError.noHeldOutRows(path: config.dataset.path)
            }
            chosen = dataset.test
        }
        let longest = LengthLimit(
            tokens: try config.dataset.maxPromptLength ?? config.roomForPrompt(),
            overlong: config.dataset.overlong)
        let encoded = try PromptEncoder(tokenizer: text.tokenizer, template: text.template).encode(
            chosen.prefix(limit ?? chosen.count), limit: longest, path: config.dataset.path)
        guard !encoded.prompts.isEmpty else {
            throw EvaluationError.nothingFits(
                path: config.dataset.path, rows: chosen.count, limit: longest.tokens ?? 0,
                longest: encoded.report.longest)
        }
        prompts = encoded.prompts
        decoder = text.tokenizer
        warnings =
            dataset.warnings
            + [encoded.report.warning("prompts", limit: longest.tokens)].compactMap { $0 }
    }
}

/// Why an evaluation cannot be made.
public enum EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
    case noHeldOutRows(path: String)
    /// Every prompt is longer than the limit (tokens).
    case nothingFits(path: String, rows: Int, limit: Int, longest: Int)

    public var description: String {
        switch self {
        case .noHeldOutRows(let path):
            "\(path): the recipe holds no rows out; add dataset.test, or name a file with --data"
        case .nothingFits(let path, let rows, let limit, let longest):
            "\(path): none of \(rows) prompts fits in \(limit) tokens (the longest has \(longest)); "
                + "allow shorter completions, or raise dataset.max_prompt_length"
        }
    }
}
