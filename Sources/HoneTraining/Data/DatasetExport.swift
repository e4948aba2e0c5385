import Foundation
import HoneCore
import OrderedCollections

/// Writes the rows of a dataset, after the recipe's steps, as text.
public struct DatasetExport: Sendable {
    /// How rows are written.
    public enum Format: String, Sendable, CaseIterable {
        case jsonl, json, csv, tsv
        /// JSON lines, for ``ParquetFile/write(_:to:)`` to make Parquet of.
        case parquet

        /// By the ending of `path`; `nil` for another ending.
        public init?(endingOf path: String) {
            switch FileFormat.ending(of: path) {
            case .jsonl: self = .jsonl
            case .json: self = .json
            case .csv: self = .csv
            case .tsv: self = .tsv
            case .parquet: self = .parquet
            case .arrow, nil: return nil
            }
        }
    }

    /// What was done.
    public private(set) var census: RowCensus
    public private(set) var written = 0

    /// Reads the rows of `config` one by one and hands each line of the output to `write`.
    /// - Parameters:
    ///   - config: the files, their steps and the tolerance; prompts are not made.
    ///   - format: of the output. CSV and TSV take their columns from the first row; a later row with
    ///     others is a bad row. There texts stand as they are, null is an empty cell, and numbers, lists and
    ///     objects are JSON.
    ///   - write: takes text that ends with a line break.
    /// - Throws: ``DatasetError/badRows(path:first:count:)`` when more rows are bad than the recipe
    ///   tolerates; what was written by then is not whole.
    public init(
        _ config: DatasetConfig, as format: Format, write: (String) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let scan = RowScan(
            sources: try DatasetFiles.open(config.path, config, split: config.split),
            pipeline: try RowPipeline(config))
        census = RowCensus(steps: config.steps.count)
        var layout = RowLayout(format)
        try scan.forEach(limit: nil) { visit throws(DatasetError) in
            census.read += 1
            let path = scan.sources[visit.source].path
            switch visit.outcome {
            case .bad(let row): census.note(row, path: path)
            case .dropped(let step): census.dropped[step] += 1
            case .kept(let row):
                let text: String
                do throws(DatasetError.BadRow) {
                    text = try layout.text(of: row)
                } catch {
                    census.note(error, path: path)
                    return
                }
                try write(text)
                written += 1
            }
        }
        guard census.bad <= config.toleratedBadRows(of: census.read) else {
            throw .badRows(path: config.path, first: census.firstBad, count: census.bad)
        }
        if let end = layout.end { try write(end) }
    }
}

/// Lays rows out as text.
private struct RowLayout {
    private let format: DatasetExport.Format
    /// Names of the columns of CSV and TSV, once the first row was written.
    private var header: [String]?
    private var isFirst = true

    init(_ format: DatasetExport.Format) { self.format = format }

    mutating func text(of row: SourceRow) throws(DatasetError.BadRow) -> String {
        defer { isFirst = false }
        let json = JSONValue.object(row.columns).text()
        switch format {
        case .jsonl, .parquet: return json + "\n"
        case .json: return (isFirst ? "[\n" : ",\n") + json
        case .csv: return try record(row, separator: ",")
        case .tsv: return try record(row, separator: "\t")
        }
    }

    /// What closes the file.
    var end: String? {
        switch format {
        case .json: isFirst ? "[]\n" : "\n]\n"
        case .jsonl, .csv, .tsv, .parquet: nil
        }
    }

    private mutating func record(_ row: SourceRow, separator: String) throws(DatasetError.BadRow)
        -> String
    {
        let names = Array(row.columns.keys)
        let text = SeparatedText(separator: separator)
        if let header {
            guard names == header else {
                throw row.bad(
                    "its columns \(row.columnList) are not those of the first row "
                        + "(\(header.joined(separator: ", "))); a select step can make them so")
            }
            return text.line(row.columns.values)
        }
        header = names
        return text.line(names.map(JSONValue.string)) + text.line(row.columns.values)
    }
}
