import HoneCore

/// The prompts of each training step, as a pure function of dataset, seed and step.
public struct PromptStream: PromptFeed {
    /// Rows of the dataset; an epoch visits each that fits.
    public let rowCount: Int
    public let report: LengthReport
    private let prompts: [Int: EncodedPrompt]
    private let order: DataOrder
    private let promptsPerStep: Int

    /// How long a run visits the rows.
    public enum Extent: Sendable, Hashable {
        case steps(Int)
        case epochs(Double)
    }

    /// Encodes the rows that the run will visit: all of them, or the first that fit if the run ends
    /// before it has seen all.
    /// - Parameters:
    ///   - promptsPerStep: P, from 1 to the number of rows.
    ///   - path: names the dataset in errors.
    ///   - encoder: Turns a row into token ids.
    ///   - extent: How long the run visits the rows.
    ///   - limit: The longest row and what becomes of longer ones.
    ///   - rows: The rows of the dataset.
    ///   - seed: Decides the order.
    ///   - shuffles: `false` keeps the order of the dataset.
    /// - Throws: ``EncodingError``; ``DatasetError`` when rows are too long, when none is left, or
    ///   when a step needs more prompts than there are.
    public init(
        rows: [DatasetRow], encoder: PromptEncoder, limit: LengthLimit, promptsPerStep: Int,
        extent: Extent, seed: UInt64, shuffles: Bool, path: String
    ) throws {
        var report = LengthReport()
        var refused: [DatasetError.OverlongRow] = []
        var prompts: [Int: EncodedPrompt] = [:]
        var excluded: Set<Int> = []
        var needed = Int.max
        if case .steps(let count) = extent { needed = count * promptsPerStep }
        // The order of the first epoch among all rows, so that rows the run never reaches need not be
        // encoded: a short run on a large dataset starts at once.
        let first = DataOrder(size: max(1, rows.count), seed: seed, shuffles: shuffles)
        for position in first.rows(ofEpoch: 0) where position < rows.count {
            if prompts.count >= needed { break }
            if let prompt = try encoder.fitting(rows[position], limit, &report, &refused) {
                prompts[position] = prompt
            } else {
                excluded.insert(position)
            }
        }
        try PromptEncoder.check(refused, limit, path)
        guard !prompts.isEmpty else {
            throw DatasetError.nothingLeft(
                path: path, dropped: rows.count, limit: limit.tokens ?? 0)
        }
        guard rows.count - excluded.count >= promptsPerStep else {
            throw DatasetError.tooFewRows(
                path: path, rows: rows.count - excluded.count, needed: promptsPerStep)
        }
        self.prompts = prompts
        self.report = report
        self.promptsPerStep = promptsPerStep
        rowCount = rows.count - excluded.count
        order = DataOrder(
            size: rows.count, excluded: excluded, seed: seed, shuffles: shuffles,
            batch: promptsPerStep)
    }

    public func prompts(step: Int) throws -> [EncodedPrompt] {
        try order.rows(ofBatch: step - 1).map { position in
            guard let prompt = prompts[position] else {
                throw DatasetError.beyondTheRun(step: step)
            }
            return prompt
        }
    }

    public func epoch(step: Int) -> Double {
        Double((step - 1) * promptsPerStep) / Double(rowCount)
    }

    /// Steps that `extent` makes.
    public func steps(_ extent: Extent) -> Int {
        switch extent {
        case .steps(let count): count
        case .epochs(let epochs):
            TrainingLength.steps(epochs: epochs, rows: rowCount, rowsPerStep: promptsPerStep)
        }
    }
}

extension GRPOConfig {
    /// How long the run visits the rows.
    public var extent: PromptStream.Extent {
        trainSteps.map(PromptStream.Extent.steps) ?? .epochs(numTrainEpochs ?? 1)
    }
}

extension SFTConfig {
    /// How long the run visits the rows.
    public var extent: PromptStream.Extent {
        trainSteps.map(PromptStream.Extent.steps) ?? .epochs(numTrainEpochs ?? 1)
    }
}
