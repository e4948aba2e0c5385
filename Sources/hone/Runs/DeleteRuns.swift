import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// `hone runs delete`: forgets runs.
struct DeleteRuns: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete runs from the store, with --artifacts their folders too.",
        discussion: """
            Without --artifacts the run's folder stays as it is, and `hone runs repair FOLDER` can take it \
            in again. A run that a living process writes is refused.
            """)

    @Argument(help: ArgumentHelp("The runs, by name or folder.", valueName: "run"))
    var runs: [String]
    @OptionGroup var store: StoreOptions
    @Flag(help: "Delete the folders too: checkpoints, adapters, models.") var artifacts = false
    @Flag(help: "Print a JSON object per run.") var json = false

    func run() throws {
        let store = try store.open()
        // All are known before the first is gone.
        for run in try runs.map({ try store.run($0) }) {
            let folder = artifacts ? try artifactFolder(of: run) : nil
            try store.delete(run)
            if let folder { try FileManager.default.removeItem(at: folder) }
            if json {
                StandardOutput.write(
                    line: JSONValue.object([
                        "run": .string(run.name),
                        "deleted_folder": folder.map { .string($0.path) } ?? .null,
                    ]).text())
            } else {
                StandardOutput.write(
                    line: "deleted \(run.name)" + (folder.map { " and \($0.path)" } ?? ""))
            }
        }
    }

    /// The folder of `run` if it still holds a run; nothing else is removed.
    private func artifactFolder(of run: StoredRun) throws -> URL? {
        guard !run.folder.isEmpty, FileManager.default.fileExists(atPath: run.folder) else {
            return nil
        }
        let folder = URL(filePath: run.folder)
        guard
            FileManager.default.fileExists(
                atPath: folder.appending(path: "recipe.yaml").path)
        else {
            throw ValidationError(
                "\(run.folder) holds no recipe.yaml, so it is no run's folder; delete it by hand, "
                    + "and the record without --artifacts")
        }
        return folder
    }
}
