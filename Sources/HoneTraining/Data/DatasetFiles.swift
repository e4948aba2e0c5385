import Foundation
import HoneCore
import OrderedCollections

/// Opens what a recipe names as its rows.
enum DatasetFiles {
    /// The files of the rows at `path`, in order.
    /// - Parameter split: part of a dataset folder; `nil` for `train`, or the only part.
    static func open(_ path: String, _ config: DatasetConfig, split: String?)
        throws(DatasetError) -> [any RowSource]
    {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
        {
            let files = try DatasetFolder(path: path).files(split: split)
            let holding: DataFile.Holding = files.count > mostOpen ? .closed : .open
            var sources: [any RowSource] = []
            for file in files { sources.append(try source(of: file, config, holding)) }
            return sources
        }
        guard split == nil else {
            throw .badFolder(
                path: path, reason: "is one file, which has no splits; remove dataset.split")
        }
        return [try source(of: path, config, .open)]
    }

    /// Files of a folder that stay open at once. Processes often may open 1,024, and workers, the store
    /// and the model want some too.
    private static let mostOpen = 128

    /// The rows of one file.
    private static func source(
        of path: String, _ config: DatasetConfig, _ holding: DataFile.Holding
    ) throws(DatasetError) -> any RowSource {
        let file = try DataFile(path: path, holding: holding)
        let format =
            if let format = config.format { format } else { try FileFormat.detect(file) }
        switch format {
        case .jsonl: return JSONLinesSource(file)
        case .json:
            let members = config.records?.split(separator: ".").map(String.init) ?? []
            return JSONListSource(file: file, records: members)
        case .csv: return try SeparatedSource(file, separator: UInt8(ascii: ","))
        case .tsv: return try SeparatedSource(file, separator: UInt8(ascii: "\t"))
        case .parquet, .arrow:
            return try ColumnarFile(path: path, format: format, cache: DatasetCache())
                .source(holding)
        }
    }
}

/// One pass over the rows of some files, with the recipe's steps applied.
struct RowScan {
    let sources: [any RowSource]
    let pipeline: RowPipeline

    /// What became of one record.
    struct Visit {
        var source: Int
        /// Records before it in all files.
        var index: Int
        /// Where it stands; `nil` for what is no record.
        var extent: RecordExtent?
        /// The row as the file has it; `nil` when that could not be read.
        var raw: SourceRow?
        var outcome: Outcome
    }

    enum Outcome {
        case kept(SourceRow)
        /// By the step at this position.
        case dropped(step: Int)
        case bad(DatasetError.BadRow)
    }

    /// Calls `body` with each record; at most `limit` of each file.
    func forEach(limit: Int?, _ body: (Visit) throws(DatasetError) -> Void) throws(DatasetError) {
        var index = 0
        for (number, source) in sources.enumerated() {
            var scanner = try source.scanner()
            var count = 0
            while limit.map({ count < $0 }) ?? true, let found = try scanner.next() {
                try body(visit(found, source: number, index: index))
                count += 1
                index += 1
            }
        }
    }

    private func visit(_ found: ScannedRecord, source: Int, index: Int) -> Visit {
        switch found {
        case .bad(let row): return Visit(source: source, index: index, outcome: .bad(row))
        case .record(let extent, let bytes):
            var visit = Visit(
                source: source, index: index, extent: extent, outcome: .dropped(step: 0))
            do throws(DatasetError.BadRow) {
                var row = SourceRow(
                    line: extent.line,
                    columns: try sources[source].columns(of: bytes, line: extent.line))
                visit.raw = row
                if let step = try pipeline.apply(to: &row) {
                    visit.outcome = .dropped(step: step)
                } else {
                    visit.outcome = .kept(row)
                }
            } catch {
                visit.outcome = .bad(error)
            }
            return visit
        }
    }
}
