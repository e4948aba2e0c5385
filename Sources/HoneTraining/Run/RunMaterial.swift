import Foundation
import HoneCore
import HoneModels
import HoneText

/// What a run learns from and is measured on, as token ids.
struct RunMaterial: Sendable {
    enum Feed: Sendable {
        case prompts(any PromptFeed)
        case examples(ExampleStream)
    }

    let feed: Feed
    let totalSteps: Int
    /// Held-out prompts; empty without a test split or when nothing can score them.
    let heldOut: [EncodedPrompt]
    let decoder: any TextDecoding
    /// Tokens of the longest sequence that the run can meet; decides rotary angles where they depend on
    /// length, so that they are the same in every step and after a resume.
    let longestSequence: Int
    /// Tokens of the longest prompt, training and held-out.
    let longestPrompt: Int
    /// What a person should know before the first step.
    let warnings: [String]
    private let trainRows: Int

    /// What besides the policy has a state of its own.
    var parts: [any CheckpointPart] {
        guard case .prompts(let feed) = feed, let part = feed as? any CheckpointPart else {
            return []
        }
        return [part]
    }

    var summary: String {
        heldOut.isEmpty ? "\(trainRows)" : "\(trainRows), \(heldOut.count) held out"
    }

    /// Reads and encodes the rows that `config` names. No weights are loaded.
    init(config: TrainingConfig) throws {
        try config.checkPlaces()
        let text = try ModelText(folder: URL(filePath: config.model.tokenizerFolder))
        let prompts = PromptEncoder(tokenizer: text.tokenizer, template: text.template)
        let dataset = config.dataset
        let seed = UInt64(config.seed)
        let limit = LengthLimit(
            tokens: min(dataset.maxPromptLength ?? .max, try config.roomForPrompt()),
            overlong: dataset.overlong)
        var warnings = config.keysWithoutEffect
        var longestExample = 0
        decoder = text.tokenizer
        switch config.method {
        case .grpo:
            let rows = try Dataset<DatasetRow>.prompts(dataset)
            let stream = try PromptStream(
                rows: rows.train, encoder: prompts, limit: limit,
                promptsPerStep: config.grpo.numPrompts,
                // A feed that chooses may reach any row, so all are looked at.
                extent: config.choosesPrompts ? .epochs(1) : config.grpo.extent, seed: seed,
                shuffles: dataset.shuffle, path: dataset.path)
            let held = try prompts.encode(
                Self.measured(rows.test, config), limit: limit, path: dataset.path)
            warnings += rows.warnings
            warnings += [
                stream.report.warning("training prompts", limit: limit.tokens),
                held.report.warning("held-out prompts", limit: limit.tokens),
            ].compactMap { $0 }
            if let difficulty = config.difficulty {
                feed = .prompts(DifficultyFeed(stream, memory: difficulty, seed: seed))
            } else {
                feed = .prompts(stream)
            }
            totalSteps = stream.steps(config.grpo.extent)
            heldOut = held.prompts
            trainRows = rows.train.count
            longestPrompt = min(
                max(stream.report.longest, held.report.longest), limit.tokens ?? .max)
        case .sft:
            let rows = try Dataset<SupervisedRow>.examples(dataset)
            let encoder = SupervisedEncoder(
                prompts: prompts, endToken: text.endToken,
                completionOnlyLoss: config.sft.completionOnlyLoss,
                assistantTurns: config.sft.assistantTurns)
            let stream = try ExampleStream(
                rows: rows.train, encoder: encoder,
                limit: LengthLimit(tokens: config.sft.maxLength, overlong: dataset.overlong),
                batch: config.sft.batch, seed: seed, shuffles: dataset.shuffle,
                path: dataset.path)
            let held = try prompts.encode(
                try Self.measured(rows.test, config), limit: limit, path: dataset.path)
            warnings += rows.warnings
            warnings += [
                stream.report.warning("training rows", limit: config.sft.maxLength),
                held.report.warning("held-out prompts", limit: limit.tokens),
            ].compactMap { $0 }
            feed = .examples(stream)
            totalSteps = stream.steps(config.sft.extent)
            heldOut = held.prompts
            trainRows = rows.train.count
            longestPrompt = min(held.report.longest, limit.tokens ?? .max)
            longestExample = min(stream.report.longest, config.sft.maxLength)
        }
        longestSequence = min(
            max(longestExample, longestPrompt + config.longestCompletion),
            try config.longestInput())
        self.warnings = warnings
    }

    /// The held-out rows that an evaluation asks.
    private static func measured(
        _ rows: DatasetRows<DatasetRow>, _ config: TrainingConfig
    ) -> DatasetRows<DatasetRow> {
        guard let evaluation = config.evaluation, config.measuresRewards else {
            return DatasetRows([])
        }
        return rows.prefix(evaluation.rows ?? rows.count)
    }

    /// Likewise for supervised rows: their prompts, where they have one.
    private static func measured(
        _ rows: DatasetRows<SupervisedRow>, _ config: TrainingConfig
    ) throws -> DatasetRows<DatasetRow> {
        guard config.evaluation != nil, config.measuresRewards else { return DatasetRows([]) }
        let prompts = try rows.compactMap { row -> DatasetRow? in
            guard case .completion(let prompt, _) = row.content else { return nil }
            return DatasetRow(index: row.index, prompt: prompt, columns: row.columns)
        }
        return measured(DatasetRows(prompts), config)
    }
}

extension TrainingConfig {
    /// Whether an evaluation has anything to score completions with.
    var measuresRewards: Bool { !rewards.isEmpty || !(evaluation?.rewards ?? []).isEmpty }

    /// Whether which prompts a step asks depends on more than its number.
    var choosesPrompts: Bool { filterGroups != nil || difficulty != nil }

    /// Tokens that the model's longest input leaves for a prompt beside the longest completion.
    func roomForPrompt() throws -> Int {
        max(try longestInput() - sampling.maxCompletionLength, 1)
    }

    /// Tokens of the longest completion that is drawn, in training or evaluation.
    var longestCompletion: Int {
        max(sampling.maxCompletionLength, evaluation?.maxCompletionLength ?? 0)
    }

    /// Tokens that the model takes at most.
    func longestInput() throws -> Int {
        let described =
            switch model {
            case .folder(let folder): try ModelConfig(folder: URL(filePath: folder))
            case .scratch(let new): try ModelConfig(new.config, file: "model.config")
            }
        return described.maximumLength
    }
}
