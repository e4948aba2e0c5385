import ArgumentParser
import Foundation
import HoneCore
import HoneTraining

/// `hone data convert`: writes the rows of a dataset, after a recipe's steps, as a file of text.
struct ConvertData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a dataset in another format, after a recipe's steps.",
        discussion: """
            Columns are written as dataset.columns and dataset.steps leave them; prompts are not \
            made, and all splits but the one named stay where they are. In CSV and TSV null is an \
            empty cell, and numbers, lists and objects are JSON; Parquet is written by pyarrow. The \
            output appears under its name when it is whole.

            Exit codes: 0; 65 when more rows are bad than the recipe tolerates.

              hone data convert data/train.parquet --output train.jsonl
              hone data convert --recipe Recipes/gsm8k/recipe.yaml --output - --format csv
            """)

    @OptionGroup var options: DatasetOptions
    @Option(name: .shortAndLong, help: "The file to write, or - for standard output.")
    var output: String
    @Option(help: "jsonl, json, csv, tsv or parquet. Default: by the ending of the output.")
    var format: String?

    private var outputFormat: DatasetExport.Format? {
        if let format { return DatasetExport.Format(rawValue: format) }
        return output == "-" ? .jsonl : DatasetExport.Format(endingOf: output)
    }

    func validate() throws {
        if outputFormat == .parquet, output == "-" {
            throw ValidationError("Parquet is written to a file; name one with --output")
        }
        guard outputFormat == nil else { return }
        let names = DatasetExport.Format.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError(
            format.map { "--format \($0): expected one of \(names)" }
                ?? "the ending of \(output) is none of \(names); name one with --format")
    }

    func run() throws {
        guard let format = outputFormat else { return }
        let dataset = options.dataset(try options.configuration())
        let target = try RowOutput(output, format)
        let export: DatasetExport
        do {
            export = try DatasetExport(dataset, as: format) { text throws(DatasetError) in
                try target.write(text)
            }
            try target.finish()
        } catch {
            target.discard()
            throw error
        }
        for line in DatasetError.lines(of: export.census, path: dataset.path) {
            StandardError.write(line: "left out: \(line)")
        }
        StandardError.write(
            line: "\(export.written) of \(export.census.read) rows written"
                + (output == "-" ? "" : " to \(output)"))
    }
}

/// A file that appears under its name when it is whole, or standard output.
private final class RowOutput {
    private let path: String?
    private let partial: String?
    private let format: DatasetExport.Format
    private let handle: FileHandle
    private var buffer: [UInt8] = []

    init(_ path: String, _ format: DatasetExport.Format) throws {
        self.format = format
        guard path != "-" else {
            (self.path, partial, handle) = (nil, nil, .standardOutput)
            return
        }
        let partial = path + ".partial"
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let handle = FileHandle(forWritingAtPath: partial)
        else {
            throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        (self.path, self.partial, self.handle) = (path, partial, handle)
    }

    func write(_ text: String) throws(DatasetError) {
        buffer += text.utf8
        if buffer.count >= 1 << 16 { try flush() }
    }

    private func flush() throws(DatasetError) {
        do {
            try handle.write(contentsOf: Data(buffer))
        } catch {
            throw .unreadable(
                path: path ?? "standard output", reason: "writing failed: \(error)")
        }
        buffer.removeAll(keepingCapacity: true)
    }

    func finish() throws(DatasetError) {
        try flush()
        guard let path, let partial else { return }
        if format == .parquet {
            try ParquetFile.write(URL(filePath: partial), to: URL(filePath: path))
            discard()
            return
        }
        guard rename(partial, path) == 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
    }

    func discard() {
        if let partial { try? FileManager.default.removeItem(atPath: partial) }
    }
}
