import Foundation
import HoneCore

/// The reward functions of a run in all their versions, kept in its folder.
///
/// ```
/// rewards/
///   history.jsonl             a line for each change: what is in force from which step on
///   sources/DIGEST/NAME.py    what the functions are loaded from
///   inbox/  answers/          see ``RewardMailbox``
///   process                   locked by the process that trains
/// ```
///
/// A line of the history is durable before the first completion is scored by what it says, and only the
/// process that trains writes it. So a run that is killed and resumed makes the steps after its
/// checkpoint again under the versions that scored them first, and needs none of the files that the
/// recipe names.
public actor RewardArchive {
    private let folder: URL
    private let file: JSONLinesFile
    private var history: [RewardChange]

    private init(_ folder: URL, _ history: [RewardChange]) throws {
        self.folder = folder
        self.history = history
        file = try JSONLinesFile(Self.history(in: folder))
    }

    private static func history(in folder: URL) -> URL { folder.appending(path: "history.jsonl") }

    /// The archive in `folder`; begun with `functions` where there is none yet.
    public static func open(
        _ folder: URL, beginningWith functions: () throws -> [VersionedReward]
    ) throws -> RewardArchive {
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let sources = folder.appending(path: "sources")
        if files.fileExists(atPath: sources.path) { try DurableFolder.removeRemains(in: sources) }
        try cutUnfinishedLine(of: history(in: folder))
        let known = try changes(in: folder)
        if !known.isEmpty { return try RewardArchive(folder, known) }
        let first = RewardChange(
            id: "start", reason: .start, firstStep: 0,
            inForce: try functions().map { function in
                var function = function
                function.number = 1
                return function
            })
        let file = try JSONLinesFile(history(in: folder))
        try file.append([first.json])
        try file.synchronize()
        return try RewardArchive(folder, [first])
    }

    /// Begins again in `folder`: what a run that never began left there is removed, but for the file
    /// called `kept`.
    public static func clear(_ folder: URL, keeping kept: String) throws {
        let files = FileManager.default
        for name in try files.contentsOfDirectory(atPath: folder.path) where name != kept {
            try files.removeItem(at: folder.appending(path: name))
        }
    }

    /// What the run in `folder`, alive or not, has had in force, the oldest first; none where no run was
    /// begun.
    public static func changes(in folder: URL) throws -> [RewardChange] {
        let file = history(in: folder)
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        let lines = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
        var changes: [RewardChange] = []
        for line in lines {
            // Only the last line can be unfinished: a process was killed, or is writing it now.
            guard let json = try? JSONValue(parsing: [UInt8](line)) else {
                if changes.count == lines.count - 1 { break }
                throw RewardRecordError.unreadable("line \(changes.count + 1) of \(file.path)")
            }
            changes.append(try RewardChange(json: json))
        }
        return changes
    }

    private static func cutUnfinishedLine(of file: URL) throws {
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        let data = try Data(contentsOf: file)
        let end = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard end < data.count else { return }
        try JSONLinesFile(file).cut(to: UInt64(end))
    }

    public var changes: [RewardChange] { history }

    /// The latest change, whatever step it belongs to.
    var latest: RewardChange {
        guard let latest = history.last else {
            preconditionFailure("an archive without a beginning")
        }
        return latest
    }

    /// What is in force at `step`.
    func change(at step: Int) -> RewardChange {
        history.last { $0.firstStep <= step } ?? history[0]
    }

    /// Adds a change, which is durable when this returns.
    func append(_ change: RewardChange) throws {
        try file.append([change.json])
        try file.synchronize()
        history.append(change)
    }

    /// `functions` with their numbers: that of the same version if the run has had it, else the next.
    func numbered(_ functions: [VersionedReward]) -> [VersionedReward] {
        let known = history.flatMap(\.inForce)
        let names = Set(functions.map(\.function))
        return functions.map { function in
            var function = function
            let former = known.filter { $0.function == function.function }
            if let same = former.first(where: { $0.hasSameContent(as: function) }) {
                return same
            }
            function.number = (former.map(\.number).max() ?? 0) + 1
            // The curve of a version must not be that of a function which is called so.
            while names.contains(function.name) { function.number += 1 }
            return function
        }
    }

    /// Which functions had several versions up to `step`, so that each version needs a curve.
    func functionsWithVersions(upTo step: Int) -> Set<String> {
        let known = history.filter { $0.firstStep <= step }.flatMap(\.inForce)
        return Set(
            Dictionary(grouping: known, by: \.function)
                .filter { Set($0.value.map(\.number)).count > 1 }.keys)
    }

    /// Writes the sources of `functions` where they are not yet; returns each function's file.
    public func files(of functions: [VersionedReward]) async throws -> [String: String] {
        var files: [String: String] = [:]
        for function in functions {
            guard let source = function.source else { continue }
            files[function.function] = try await source.place(
                in: folder.appending(path: "sources")
            ).path
        }
        return files
    }
}
