import Foundation

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

    /// Whether a run was begun here.
    var holdsRun: Bool { FileManager.default.fileExists(atPath: events.path) }

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
    case noRun(path: String)
    case inUse(path: String)
    case write(path: String, reason: String)
    case differentRecipe(key: String, path: String)

    public var description: String {
        switch self {
        case .occupied(let path):
            "\(path) already holds a run; continue it with --resume, or choose another --output"
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
