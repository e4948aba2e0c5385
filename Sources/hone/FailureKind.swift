import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneRewards
import HoneStore
import HoneText
import HoneTraining
import Torch

/// What kind of thing went wrong, for the exit code that scripts look at (`sysexits.h`).
enum FailureKind: Int32 {
    /// The command was asked for something that it cannot be asked.
    case usage = 64
    /// A recipe, model folder, dataset or reward function is not as it must be.
    case badData = 65
    /// Anything else: the machine, or Hone itself.
    case `internal` = 70

    init(_ error: any Error) {
        switch error {
        case is DeviceUnavailable, ExportError.exists: self = .usage
        case RecipeError.unreadable, RecipeError.override, RunFolderError.occupied,
            RunFolderError.foreign,
            RunFolderError.noRun, RunFolderError.inUse, RunFolderError.differentRecipe:
            self = .usage
        case SafeTensorsError.unwritable: self = .internal
        case StoreError.noSuchRun, StoreError.ambiguousRun, StoreError.running,
            StoreError.badCursor, StoreError.absent:
            self = .usage
        case StoreError.corrupted, StoreError.newer, StoreError.badRecord: self = .badData
        case is RecipeError, is ConfigError, is ConfigProblem, is TextTemplateError,
            is DatasetError, is DatasetError.BadRow, is EncodingError, is JSONError,
            is TokenizerError, is TemplateError, is ChatTemplateFolderError, is ModelError,
            is GGUFError,
            is LanguageModelError, is SafeTensorsError, is RewardError, is GraderFailure,
            is EvaluationError, is EngineError, is TokenScorerError, is RowStream.RowError,
            is RewardRevisionError, is RewardSourceError, is RewardRecordError,
            is PlainFile.Problem:
            self = .badData
        default: self = .internal
        }
    }
}

extension Hone {
    /// Runs the command and exits with 0, or with the code of what went wrong. Commands need not catch
    /// errors to give them a code; each says what happened in its description.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let misspelt = MisspeltCommand(in: arguments, of: Self.self) {
            StandardError.write(line: "Error: \(misspelt)")
            Foundation.exit(FailureKind.usage.rawValue)
        }
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            // What a command refused after it was parsed, where the usage of `hone` itself would not help.
            if let refusal = error as? ValidationError {
                StandardError.write(line: "Error: \(refusal.message)")
                Foundation.exit(FailureKind.usage.rawValue)
            }
            // Help, usage errors and codes that a command chose itself.
            guard exitCode(for: error) == .failure else { exit(withError: error) }
            if !(error is ExitCode) { StandardError.write(line: "Error: \(error)") }
            Foundation.exit(error is ExitCode ? 1 : FailureKind(error).rawValue)
        }
    }
}
