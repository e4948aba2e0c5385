import HoneCore

/// The prompts of each training step, as a pure function of dataset, seed and step.
///
/// They are encoded when their step comes; beforehand each is encoded once to learn which are too long.
public struct PromptStream: PromptFeed {
    /// Rows of the dataset; an epoch visits each that fits.
    public let rowCount: Int
    public let report: LengthReport
    private let rows: DatasetRows<DatasetRow>
    private let encoder: PromptEncoder
    private let limit: LengthLimit
    /// Rows that were found to fit, in the order of the first epoch; `nil` when all were looked at.
    private let reach: Int?
    private let order: DataOrder
    public let promptsPerStep: Int
    private let seed: UInt64

    /// How long a run visits the rows.
    public enum Extent: Sendable, Hashable {
        case steps(Int)
        case epochs(Double)
    }

    /// Measures the rows that the run will visit: all of them, or the first that fit if the run ends
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
        rows: DatasetRows<DatasetRow>, encoder: PromptEncoder, limit: LengthLimit,
        promptsPerStep: Int,
        extent: Extent, seed: UInt64, shuffles: Bool, path: String
    ) throws {
        var report = LengthReport()
        var refused: [DatasetError.OverlongRow] = []
        var fitting = 0
        var visited = 0
        var excluded: Set<Int> = []
        var needed = Int.max
        if case .steps(let count) = extent { needed = count * promptsPerStep }
        // The order of the first epoch among all rows, so that rows the run never reaches need not be
        // encoded: a short run on a large dataset starts at once.
        let first = DataOrder(size: max(1, rows.count), seed: seed, shuffles: shuffles)
        for position in first.rows(ofEpoch: 0) where position < rows.count {
            if fitting >= needed { break }
            visited += 1
            let row = try rows.row(at: position)
            if try encoder.fitting(row, limit, &report, &refused) != nil {
                fitting += 1
            } else {
                excluded.insert(position)
            }
        }
        try PromptEncoder.check(refused, limit, path)
        guard fitting > 0 else {
            throw DatasetError.nothingLeft(
                path: path, dropped: rows.count, limit: limit.tokens ?? 0)
        }
        guard rows.count - excluded.count >= promptsPerStep else {
            throw DatasetError.tooFewRows(
                path: path, rows: rows.count - excluded.count, needed: promptsPerStep)
        }
        self.rows = rows
        self.encoder = encoder
        self.limit = limit
        reach = visited == rows.count ? nil : fitting
        self.report = report
        self.promptsPerStep = promptsPerStep
        self.seed = seed
        rowCount = rows.count - excluded.count
        order = DataOrder(
            size: rows.count, excluded: excluded, seed: seed, shuffles: shuffles,
            batch: promptsPerStep)
    }

    /// The prompts of the step's first batch.
    public func prompts(step: Int) throws -> [EncodedPrompt] {
        if let reach, step * promptsPerStep > reach {
            throw DatasetError.beyondTheRun(step: step)
        }
        return try order.rows(ofBatch: step - 1).map { try prompt(at: $0, step: step) }
    }

    /// The step's first batch follows the order of the dataset. What a step asks beyond it comes from
    /// an order that belongs to the step alone, so that the first batches of an epoch still visit every
    /// row once, and a resumed run needs no memory of what was asked before.
    public func prompts(step: Int, round: Int) throws -> PromptBatch {
        let epoch = epoch(step: step)
        guard round > 0 else { return PromptBatch(prompts: try prompts(step: step), epoch: epoch) }
        let first = Set(order.rows(ofBatch: step - 1))
        let others = order.rows(ofEpoch: 0).filter { !first.contains($0) }
        let extra = Permutation.of(others.count, seed: seed, stream: Self.extraStream + step)
            .dropFirst((round - 1) * promptsPerStep).prefix(promptsPerStep)
        return PromptBatch(
            prompts: try extra.map { try prompt(at: others[$0], step: step) }, epoch: epoch)
    }

    /// Far from the streams of epochs, which count from 0.
    private static let extraStream = 1 << 40

    /// Where in the dataset the place `number` (from 0) of the endless order leads.
    func row(ofOrder number: Int) -> Int { order.row(at: number) }

    /// The prompt of the row at `position` of the dataset, which `step` asks.
    func prompt(at position: Int, step: Int) throws -> EncodedPrompt {
        guard let prompt = try encoder.fitted(rows.row(at: position), limit) else {
            throw DatasetError.beyondTheRun(step: step)
        }
        return prompt
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
