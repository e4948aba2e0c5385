import Foundation
import HoneCore

/// The files of one run.
///
/// ```
/// OUTPUT/
///   recipe.yaml          the resolved recipe
///   events.jsonl         one event a line
///   completions.jsonl    every completion with its rewards and advantage
///   evaluations.jsonl    every completion of every evaluation with its rewards
///   rows.jsonl           the rows of the dataset that were asked, with their columns
///   rewards.jsonl        what reward functions printed, and how they failed
///   rewards/             every version of the reward functions, and the mailbox for changes
///   checkpoints/step-000050/
///   tensorboard/         metrics, with `report: [tensorboard]`
///   trackers/            logs of wandb and mlflow, with `report:` naming them
///   adapter/ or model/   the result
/// ```
public struct RunFolder: Sendable {
    public let url: URL

    public var recipe: URL { url.appending(path: "recipe.yaml") }
    public var events: URL { url.appending(path: "events.jsonl") }
    public var completions: URL { url.appending(path: "completions.jsonl") }
    public var evaluations: URL { url.appending(path: "evaluations.jsonl") }
    public var rows: URL { url.appending(path: "rows.jsonl") }
    public var rewardLog: URL { url.appending(path: "rewards.jsonl") }
    public var rewards: URL { url.appending(path: "rewards") }
    public var checkpoints: URL { url.appending(path: "checkpoints") }
    public var tensorboard: URL { url.appending(path: "tensorboard") }
    public var trackers: URL { url.appending(path: "trackers") }
    public var adapter: URL { url.appending(path: "adapter") }
    public var model: URL { url.appending(path: "model") }
    /// Configuration and tokenizer of a model that the recipe describes.
    public var initialModel: URL { url.appending(path: "initial-model") }

    public init(_ url: URL) { self.url = url }

    /// The run that the checkpoint in `folder` belongs to.
    init(ofCheckpoint folder: URL) {
        url = folder.deletingLastPathComponent().deletingLastPathComponent()
    }

    /// Whether a run was begun here that there is something of.
    var holdsRun: Bool {
        FileManager.default.fileExists(atPath: events.path) && !failedBeforeItsFirstStep
    }

    /// Makes sure that a new run of the recipe in `file` may have the folder, and makes it.
    ///
    /// A folder with other things in it is refused, since a run writes `recipe.yaml` and `model`, which
    /// may be the user's own there. What a run left that failed before its first step is cleared away:
    /// there is nothing in it to go on from, and the next try is mostly of the same recipe, mended.
    /// - Throws: ``RunFolderError`` when a run or something else is in it, or it cannot be made.
    public func claim(for file: URL) throws(RunFolderError) {
        let files = FileManager.default
        if files.fileExists(atPath: events.path) {
            if holdsRun { throw .occupied(path: url.path) }
            for remains in [events, completions, recipe, rewardLog, rewards, tensorboard, trackers]
            {
                try? files.removeItem(at: remains)
            }
        }
        var isFolder: ObjCBool = false
        if files.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue {
            throw .write(path: url.path, reason: "it is a file, not a folder")
        }
        // What a run leaves that ended before its first event.
        let early = [recipe, rewardLog, rewards, tensorboard, trackers].map(\.lastPathComponent)
        let isOwnRecipe =
            recipe.standardizedFileURL.resolvingSymlinksInPath()
            == file.standardizedFileURL.resolvingSymlinksInPath()
        let foreign = ((try? files.contentsOfDirectory(atPath: url.path)) ?? []).filter { name in
            !name.hasPrefix(".") && (!early.contains(name) || isOwnRecipe)
        }
        guard foreign.isEmpty else { throw .foreign(path: url.path, names: foreign.sorted()) }
        do {
            try files.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            throw .write(
                path: url.path,
                reason: cause.map { String(cString: strerror(Int32($0.code))) }
                    ?? error.localizedDescription)
        }
    }

    /// Whether the run that wrote the events ended by an error, and had nothing to show by then.
    private var failedBeforeItsFirstStep: Bool {
        guard let text = try? String(contentsOf: events, encoding: .utf8) else { return false }
        let names = text.split(separator: "\n").map { line in
            (try? JSONValue(parsing: String(line)))?["event"]?.stringValue
        }
        return names.last == "failed"
            && !names.contains {
                ["step", "evaluated", "checkpointed", "finished", nil].contains($0)
            }
    }

    /// Makes a new folder in `place` called `title`, or by the first number that no other has:
    /// `title-2`.
    public static func make(in place: URL, titled title: String) throws -> RunFolder {
        let files = FileManager.default
        try files.createDirectory(at: place, withIntermediateDirectories: true)
        var (name, number) = (title, 1)
        while true {
            let folder = place.appending(path: name)
            do {
                try files.createDirectory(at: folder, withIntermediateDirectories: false)
                return RunFolder(folder)
            } catch CocoaError.fileWriteFileExists {
                number += 1
                name = "\(title)-\(number)"
            }
        }
    }

    /// Makes the folder for a new run.
    /// - Throws: ``RunFolderError/occupied(path:)`` when a run is in it already.
    public func create() throws {
        if holdsRun {
            throw RunFolderError.occupied(path: url.path)
        }
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
}

/// What can be wrong with the folder of a run.
public enum RunFolderError: Error, Sendable, Hashable, CustomStringConvertible {
    case occupied(path: String)
    /// Not empty, and no run's.
    case foreign(path: String, names: [String])
    case noRun(path: String)
    case inUse(path: String)
    case write(path: String, reason: String)
    case differentRecipe(key: String, path: String)

    public var description: String {
        switch self {
        case .occupied(let path):
            "\(path) already holds a run; continue it with --resume, or choose another --output"
        case .foreign(let path, let names):
            "\(path) already holds other things (\(names.prefix(3).joined(separator: ", "))"
                + (names.count > 3 ? ", …" : "")
                + "); a run wants a folder of its own: choose another --output"
        case .noRun(let path):
            "there is no run in \(path) to resume; start it without --resume, or name its folder "
                + "with --output"
        case .inUse(let path):
            "another process is training the run in \(path); wait for it, or end it first"
        case .write(let path, let reason):
            "\(path) could not be written: \(reason); what was there before is untouched"
        case .differentRecipe(let key, let path):
            "\(key) differs from the recipe this run began with (\(path)/recipe.yaml); "
                + "a resumed run must be the same run: restore the value, or start anew"
        }
    }
}
