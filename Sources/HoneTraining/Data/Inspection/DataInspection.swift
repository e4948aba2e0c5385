import Foundation
import HoneCore
import OrderedCollections

/// What a dataset holds and what a recipe makes of it, found in one pass over its files.
///
/// Memory grows by a few dozen bytes a row, for counting equal rows, and not with their length.
public struct DataInspection: Sendable {
    /// Files that were read, in order.
    public private(set) var files: [String] = []
    /// Bytes of these files; of a Parquet or Arrow file, of what it was converted to.
    public private(set) var bytes = 0
    public private(set) var census: RowCensus
    /// The columns as the files have them, and after the recipe's steps.
    public private(set) var columns = ColumnTable()
    public private(set) var columnsAfterSteps = ColumnTable()
    /// Rows that equal an earlier row in every column, after the steps.
    public private(set) var equalRows = 0
    /// Rows that ask or teach what an earlier row does.
    public private(set) var equalPrompts = 0
    /// Tokens of every row that can be used.
    public private(set) var lengths = LengthHistogram()
    public private(set) var limit: LengthLimit?
    /// `prompt`, or `row` of supervised learning; `nil` without a recipe.
    public private(set) var noun: String?
    public private(set) var examples: [Example] = []

    /// A row as the model sees it.
    public struct Example: Sendable, Hashable {
        public var index: Int
        public var path: String
        public var line: Int
        public var text: String
        public var tokens: Int
    }

    /// Looks at the rows that `config` names.
    /// - Parameters:
    ///   - config: the dataset, its steps, and the model whose tokens are counted.
    ///   - exampleCount: rows that are shown.
    /// - Throws: ``DatasetError`` when files cannot be read; a bad row is no error here but counted.
    public init(of config: TrainingConfig, exampleCount: Int = 3) throws {
        let text = try ModelText(folder: URL(filePath: config.model.tokenizerFolder))
        try self.init(
            config.dataset, rendering: try RowRendering(config, text), exampleCount: exampleCount)
    }

    /// Looks at the rows of `dataset` as such: no prompts are made and no tokens counted.
    public init(of dataset: DatasetConfig) throws {
        try self.init(dataset, rendering: nil, exampleCount: 0)
    }

    private init(_ config: DatasetConfig, rendering: RowRendering?, exampleCount: Int) throws {
        let scan = RowScan(
            sources: try DatasetFiles.open(config.path, config, split: config.split),
            pipeline: try RowPipeline(config))
        files = scan.sources.map(\.path)
        bytes = scan.sources.reduce(0) { $0 + $1.file.size }
        census = RowCensus(steps: config.steps.count)
        limit = rendering?.limit
        noun = rendering?.noun
        var seenRows: Set<UInt64> = []
        var seenPrompts: Set<UInt64> = []
        try scan.forEach(limit: nil) { visit throws(DatasetError) in
            census.read += 1
            if let raw = visit.raw { columns.note(raw.columns) }
            let path = files[visit.source]
            switch visit.outcome {
            case .bad(let row): census.note(row, path: path)
            case .dropped(let step): census.dropped[step] += 1
            case .kept(let row):
                columnsAfterSteps.note(row.columns)
                let hash = Fingerprint.of(JSONValue.object(row.columns).text())
                if !seenRows.insert(hash).inserted { equalRows += 1 }
                guard let rendering else { return }
                do throws(DatasetError.BadRow) {
                    let rendered = try rendering.make(row, visit.index)
                    if !seenPrompts.insert(rendered.fingerprint).inserted {
                        equalPrompts += 1
                        if config.duplicates == .refuse {
                            throw row.bad("asks what an earlier row asks")
                        }
                        if config.duplicates == .drop {
                            census.duplicates += 1
                            return
                        }
                    }
                    try note(rendered, of: row, visit.index, path, exampleCount)
                } catch {
                    census.note(error, path: path)
                }
            }
        }
    }

    /// Counts the tokens of a row, and keeps it if it is among the first that fit.
    private mutating func note(
        _ rendered: RowRendering.Rendered, of row: SourceRow, _ index: Int, _ path: String,
        _ exampleCount: Int
    ) throws(DatasetError.BadRow) {
        let (text, tokens): (String, Int)
        do {
            (text, tokens) = try rendered.encode()
        } catch {
            throw row.bad("\(error)")
        }
        lengths.add(tokens)
        guard examples.count < exampleCount, !(limit?.isExceeded(by: tokens) ?? false) else {
            return
        }
        examples.append(
            Example(index: index, path: path, line: row.line, text: text, tokens: tokens))
    }

    /// Rows that are longer than the recipe allows.
    public var tooLong: Int { limit?.tokens.map { lengths.above($0) } ?? 0 }
}
