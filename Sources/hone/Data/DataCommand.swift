import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneTraining

/// `hone data`: looks at datasets and converts them.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Look at a dataset, and convert it.",
        subcommands: [InspectData.self, ConvertData.self])
}

/// Which rows a command works on.
struct DatasetOptions: ParsableArguments {
    @Argument(
        help: """
            A file of JSON lines, JSON, CSV, TSV, Parquet or Arrow, or the folder of a Hugging Face \
            dataset. Default: what the recipe names.
            """)
    var file: String?
    @Option(help: "A recipe, whose dataset.columns and dataset.steps are applied.")
    var recipe: String?
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change a key of the recipe: --set dataset.limit=100.", valueName: "key=value"))
    var overrides: [String] = []
    @Option(help: "Split of a dataset folder. Default: train, or the only one.")
    var split: String?

    func validate() throws {
        guard file != nil || recipe != nil else {
            throw ValidationError("name a file, or a recipe with --recipe")
        }
        guard recipe != nil || overrides.isEmpty else {
            throw ValidationError("--set changes a recipe; name one with --recipe")
        }
    }

    /// The recipe with the rows that the options name; `nil` without a recipe.
    func configuration() throws -> TrainingConfig? {
        guard let recipe else { return nil }
        var config = try Recipe(
            path: recipe, overrides: overrides,
            rewards: RewardLibrary(folder: URL(filePath: recipe).deletingLastPathComponent())
        ).config
        if let file {
            config.dataset.path = file
            // They describe the file that the recipe names.
            config.dataset.format = nil
            config.dataset.split = nil
        }
        if let split { config.dataset.split = split }
        return config
    }

    /// The rows alone.
    func dataset(_ config: TrainingConfig?) -> DatasetConfig {
        if let config { return config.dataset }
        var dataset = DatasetConfig(path: file ?? "")
        dataset.split = split
        return dataset
    }
}

extension DatasetError {
    /// The first bad rows of `census`, each with its file and line, and the number of all.
    static func lines(of census: RowCensus, path: String) -> [String] {
        guard census.bad > 0 else { return [] }
        let error = DatasetError.badRows(
            path: path, first: census.firstBad, count: census.bad)
        return "\(error)".split(separator: "\n").map(String.init)
    }
}
