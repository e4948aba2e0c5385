import Foundation
import HoneCore
import HoneText
import OrderedCollections

extension RecipeInspection {
    /// A row on its way into the model.
    public struct FirstRow: Sendable, Hashable {
        /// What the model is asked or taught, after the chat template.
        public var text: String
        public var tokens: Int
    }

    /// So many rows are turned into tokens.
    static let encodedRows = 100

    mutating func inspectDataset() {
        guard !config.dataset.path.isEmpty, !isFaulty("dataset") else { return }
        guard !faulty.contains(where: { "\($0)".hasPrefix("dataset.") }) else { return }
        let files = FileManager.default
        if !files.fileExists(atPath: config.dataset.path) {
            reportAbsent("file", config.dataset.path, at: "dataset.path")
            return
        }
        if case .path(let held)? = config.dataset.test, !files.fileExists(atPath: held) {
            reportAbsent("file", held, at: "dataset.test.path")
            return
        }
        do {
            switch config.method {
            case .grpo:
                let data = try Dataset<DatasetRow>.prompts(
                    config.dataset, preview: Self.previewedRows)
                warnings += data.warnings
                try inspect(data.train.prefix(Self.encodedRows))
            case .sft:
                let data = try Dataset<SupervisedRow>.examples(
                    config.dataset, preview: Self.previewedRows)
                warnings += data.warnings
                try inspect(data.train.prefix(Self.encodedRows))
            }
        } catch let error as DatasetError {
            let key = error.key(config.dataset)
            for line in "\(error)".split(separator: "\n") { report(key, "\(line)") }
        } catch let error as EncodingError {
            report("dataset.prompt", "\(error)")
        } catch {
            report("dataset", "\(error)")
        }
    }

    private mutating func inspect(_ rows: DatasetRows<DatasetRow>) throws {
        guard let modelText else { return }
        let encoder = PromptEncoder(tokenizer: modelText.tokenizer, template: modelText.template)
        let limit = LengthLimit(
            tokens: [config.dataset.maxPromptLength, room].compactMap { $0 }.min(),
            overlong: config.dataset.overlong)
        let (prompts, report) = try encoder.encode(
            rows, limit: limit, path: config.dataset.path)
        firstRow = prompts.first.map { FirstRow(text: $0.text, tokens: $0.tokens.count) }
        if let warning = report.warning("of the first \(rows.count) prompts", limit: limit.tokens) {
            warnings.append(warning)
        }
    }

    private mutating func inspect(_ rows: DatasetRows<SupervisedRow>) throws {
        guard let modelText else { return }
        let encoder = SupervisedEncoder(
            prompts: PromptEncoder(tokenizer: modelText.tokenizer, template: modelText.template),
            endToken: modelText.endToken, completionOnlyLoss: config.sft.completionOnlyLoss,
            assistantTurns: config.sft.assistantTurns)
        let stream = try ExampleStream(
            rows: rows, encoder: encoder,
            limit: LengthLimit(
                tokens: config.sft.maxLength, overlong: config.dataset.overlong),
            batch: .rows(1), seed: 0, shuffles: false, path: config.dataset.path)
        let first = try stream.examples(step: 1)[0].tokens
        firstRow = FirstRow(
            text: modelText.tokenizer.decode(first, skipSpecialTokens: false), tokens: first.count)
        let warning = stream.report.warning(
            "of the first \(rows.count) rows", limit: config.sft.maxLength)
        if let warning { warnings.append(warning) }
    }
}

extension DatasetError {
    /// The key of the recipe that the error speaks of.
    fileprivate func key(_ dataset: DatasetConfig) -> String {
        switch self {
        case .impossibleSplit: return "dataset.test"
        case .badStep(let position, _): return "dataset.steps[\(position)]"
        case .unreadable(let path, _), .unknownFormat(let path, _), .empty(let path),
            .allDropped(let path, _), .badRows(let path, _, _), .badFolder(let path, _),
            .unconverted(let path, _):
            if case .path(let held)? = dataset.test, path == held { return "dataset.test" }
            return "dataset.path"
        default: return "dataset.path"
        }
    }
}
