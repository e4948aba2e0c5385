import Foundation
import HoneCore

/// The functions of `evaluation.rewards` as they were when the run began, kept in its folder as
/// `rewards/evaluation.jsonl`.
///
/// They are the run's own measure: a change of its rewards leaves them alone, and so does whoever edits
/// their files or resumes the run after that. Otherwise two points of one curve would not compare.
public struct EvaluationRewards: Sendable {
    /// In the order of the recipe, each of version 1; none where the run has none of its own.
    public let functions: [VersionedReward]

    private static func file(in folder: URL) -> URL { folder.appending(path: "evaluation.jsonl") }

    /// What the run whose rewards lie in `folder` has.
    public init(in folder: URL) throws {
        let file = Self.file(in: folder)
        guard FileManager.default.fileExists(atPath: file.path) else {
            functions = []
            return
        }
        functions = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
            try VersionedReward(json: JSONValue(parsing: [UInt8]($0)))
        }
    }

    /// What the run has; `declared` where nothing is written yet.
    public init(in folder: URL, beginningWith declared: [VersionedReward]) throws {
        let known = try Self(in: folder)
        guard known.functions.isEmpty, !declared.isEmpty else {
            self = known
            return
        }
        functions = declared.map { function in
            var function = function
            function.number = 1
            return function
        }
        let text = functions.map { $0.json.text() + "\n" }.joined()
        // Whole or absent: a run that is killed now writes it when it is resumed.
        try Data(text.utf8).write(to: Self.file(in: folder), options: .atomic)
    }

    /// The functions' names in the recipe.
    public var names: [String] { functions.map(\.function) }
}
