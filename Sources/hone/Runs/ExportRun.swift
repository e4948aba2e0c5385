import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import HoneTraining
import OrderedCollections

/// `hone runs export`: a run's record as a file.
struct ExportRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a run's completions, metrics, events or reward log to a file.",
        discussion: """
            JSON lines, CSV, TSV or Parquet. The file appears under its name when it is whole. Parquet is \
            written by pyarrow. Filters and order apply to completions; --phase to metrics too; --step to the \
            reward log too.

              hone runs export RUN --output completions.parquet
              hone runs export RUN --table metrics --output metrics.csv
              hone runs export RUN --min-reward 1 --output - --format jsonl
            """)

    @OptionGroup var options: RunOptions
    @Option(help: "What is written.")
    var table = ExportTable.completions
    @OptionGroup var filter: CompletionOptions
    @Option(name: .shortAndLong, help: "The file to write, or - for standard output.")
    var output: String
    @Option(help: "jsonl, csv, tsv or parquet (default: by the ending of the output).")
    var format: String?

    private var outputFormat: DatasetExport.Format? {
        if let format { return DatasetExport.Format(rawValue: format) }
        return output == "-" ? .jsonl : DatasetExport.Format(endingOf: output)
    }

    func validate() throws {
        switch outputFormat {
        case .jsonl, .csv, .tsv: break
        case .parquet:
            guard output != "-" else {
                throw ValidationError("Parquet is written to a file; name one with --output")
            }
        case .json, nil:
            throw ValidationError(
                (format.map { "--format \($0)" } ?? "the ending of \(output)")
                    + ": expected jsonl, csv, tsv or parquet; name one with --format")
        }
    }

    func run() throws {
        guard let format = outputFormat else { return }
        let (store, run) = try options.open()
        let target = try RowOutput(output, format)
        var count = 0
        do {
            switch format {
            case .csv: count = try writeTable(store, run, SeparatedText(separator: ","), target)
            case .tsv: count = try writeTable(store, run, SeparatedText(separator: "\t"), target)
            case .json, .jsonl, .parquet:
                try table.forEachRow(of: run, in: store, filter.query(of: run)) { row in
                    try target.write(JSONValue.object(row).text() + "\n")
                    count += 1
                }
            }
            try target.finish()
        } catch {
            target.discard()
            throw error
        }
        StandardError.write(
            line: "\(count) rows written" + (output == "-" ? "" : " to \(output)"))
    }

    /// Writes a header with every column that any row has, then the rows.
    private func writeTable(
        _ store: Store, _ run: StoredRun, _ text: SeparatedText, _ target: RowOutput
    ) throws -> Int {
        var columns: OrderedSet<String> = []
        let query = filter.query(of: run)
        try table.forEachRow(of: run, in: store, query) { columns.formUnion($0.keys) }
        guard !columns.isEmpty else { return 0 }
        try target.write(text.line(columns.map(JSONValue.string)))
        var count = 0
        try table.forEachRow(of: run, in: store, query) { row in
            try target.write(text.line(columns.map { row[$0] ?? .null }))
            count += 1
        }
        return count
    }
}
