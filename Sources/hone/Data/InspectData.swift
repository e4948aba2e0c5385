import ArgumentParser
import Foundation
import HoneCore
import HoneTraining

/// `hone data inspect`: what a dataset holds and what a recipe makes of it.
struct InspectData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a dataset holds, and what a recipe makes of it.",
        discussion: """
            Columns with their types, counts and examples; rows that are bad, dropped or equal, and \
            why; with a recipe also the tokens of every prompt, the split, and rows as the model sees \
            them. The file is read once, or twice with a recipe, and never held in memory.

            Exit codes: 0; 65 when more rows are bad than the recipe tolerates.

              hone data inspect rows.csv
              hone data inspect rows.csv --recipe Recipes/medical/recipe.yaml
              hone data inspect --recipe Recipes/gsm8k/recipe.yaml --examples 1
            """)

    @OptionGroup var options: DatasetOptions
    @Option(help: "Rows to show as the model sees them.") var examples = 3
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard examples >= 0 else { throw ValidationError("--examples must be at least 0") }
    }

    func run() throws {
        let config = try options.configuration()
        let dataset = options.dataset(config)
        let inspection =
            if let config {
                try DataInspection(of: config, exampleCount: examples)
            } else {
                try DataInspection(of: dataset)
            }
        let isUsable = inspection.census.bad <= dataset.toleratedBadRows(of: inspection.census.read)
        var split: InspectionReport.Split?
        if let config, isUsable { split = try Self.split(config) }
        let report = InspectionReport(inspection: inspection, dataset: dataset, split: split)
        if json {
            print(report.document.text(.indented))
        } else {
            print(report.text, terminator: "")
        }
        if !isUsable { throw ExitCode(FailureKind.badData.rawValue) }
    }

    /// How many rows are trained on and held out.
    private static func split(_ config: TrainingConfig) throws -> InspectionReport.Split {
        switch config.method {
        case .grpo:
            let rows = try Dataset<DatasetRow>.prompts(config.dataset)
            return InspectionReport.Split(
                train: rows.train.count, test: rows.test.count, warnings: rows.warnings)
        case .sft:
            let rows = try Dataset<SupervisedRow>.examples(config.dataset)
            return InspectionReport.Split(
                train: rows.train.count, test: rows.test.count, warnings: rows.warnings)
        }
    }
}
