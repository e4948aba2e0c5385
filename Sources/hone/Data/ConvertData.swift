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
