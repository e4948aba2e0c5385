import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneTraining
import OrderedCollections

/// `hone validate`: says everything that is wrong with a recipe before anything is loaded.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a recipe and print it with every default filled in.",
        discussion: """
            Reports every problem at once, each with its line: misspelt keys, values out of range, \
            combinations that cannot work, files that are not there, a model or tokenizer that is \
            not understood, rows that make no prompt or that the chat template refuses. No \
            weights are loaded. The resolved recipe on standard output is itself a recipe.

            Exit codes: 0 the recipe is good; 65 it has problems; 64 it is not there.

              hone validate Recipes/countdown/recipe.yaml --set grpo.beta=0.04
              hone validate --explain grpo.loss_type
              hone validate --explain rewards
              hone validate --explain all
            """)

    @Argument(help: "The recipe: a YAML or JSON file.") var recipe: String?
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change a key before checking: --set optimizer.learning_rate=1e-5.",
            valueName: "key=value"))
    var overrides: [String] = []
    @Option(
        help: ArgumentHelp(
            "Say what a key means, such as grpo.beta; all for every key.", valueName: "key"))
    var explain: String?
    @Flag(help: "Print one JSON document: recipe, problems, warnings, first row.") var json = false
    @Flag(help: "Print the first row as the model will see it instead of the recipe.")
    var showRow = false

    func validate() throws {
        guard recipe != nil || explain != nil else {
            throw ValidationError("name a recipe, or a key with --explain")
        }
    }

    func run() throws {
        if let explain {
            print(try explanation(of: explain))
            if recipe == nil { return }
        }
        guard let recipe else { return }
        let reading = try RecipeReading(
            path: recipe, overrides: overrides,
            rewards: RewardLibrary(folder: URL(filePath: recipe).deletingLastPathComponent()))
        let inspection = RecipeInspection(of: reading)
        let problems = (reading.problems + inspection.problems).byLine
        if json {
            print(document(reading, inspection, problems).text(.indented))
        } else {
            for warning in inspection.warnings { StandardError.write(line: "warning: \(warning)") }
            if let row = inspection.firstRow, showRow {
                print(row.text)
                StandardError.write(line: "\(row.tokens) tokens")
            }
            if problems.isEmpty {
                if !showRow {
                    print(try RecipeYAML.text(reading.config.configJSON), terminator: "")
                }
            } else {
                StandardError.write(line: "\(ConfigError(file: recipe, problems: problems))")
                StandardError.write(
                    line: "\(problems.count) problem\(problems.count == 1 ? "" : "s")")
            }
        }
        if !problems.isEmpty { throw ExitCode(FailureKind.badData.rawValue) }
    }

    private func explanation(of key: String) throws -> String {
        do {
            let text = try ConfigExplanation.text(of: key == "all" ? .root : ConfigPath(key))
            return key == "all" || key == "rewards" ? text + rewardTypes() : text
        } catch let problem {
            throw ValidationError("--explain \(problem)")
        }
    }

    /// The options of each type of reward.
    private func rewardTypes() -> String {
        RewardType.allCases.map { type in
            "\n\n" + ConfigExplanation.text(of: type.options.form, under: "type: \(type.rawValue)")
        }.joined()
    }

    private func document(
        _ reading: RecipeReading, _ inspection: RecipeInspection, _ problems: [ConfigProblem]
    ) -> JSONValue {
        [
            "recipe": problems.isEmpty ? reading.config.configJSON : .null,
            "problems": .array(
                problems.map { problem in
                    [
                        "key": .string("\(problem.path)"),
                        "line": problem.line.map(JSONValue.int) ?? .null,
                        "message": .string(problem.message),
                    ]
                }),
            "warnings": .array(inspection.warnings.map(JSONValue.string)),
            "first_row": inspection.firstRow.map { row in
                ["text": .string(row.text), "tokens": .int(row.tokens)]
            } ?? .null,
        ]
    }
}
