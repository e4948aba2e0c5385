import Foundation
import HoneCore
import HoneRewards
import HoneTraining
import OrderedCollections

/// Reward functions as a file on disk has them now: a recipe, a grading file, or Python alone.
struct RewardRevision {
    let file: URL

    init(file: String) { self.file = URL(filePath: file).absoluteURL.standardizedFileURL }

    /// The functions that declarations name, with the text of their files.
    static func functions(
        of rewards: [RewardConfig], folder: URL
    ) throws -> [VersionedReward] {
        try rewards.map { reward in
            var declaration = reward
            var source: RewardSource?
            if case .string(let name)? = reward.options["file"] {
                let read = try RewardSource(reading: place(of: name, beside: folder))
                declaration.options["file"] = .string(read.name)
                source = read
            }
            return VersionedReward(
                number: 0, declaration: declaration, folder: folder.path, source: source)
        }
    }

    /// All functions as they are with the file in place of what `inForce` has.
    /// - Parameters:
    ///   - inForce: the functions now.
    ///   - function: the only one that changes; `nil` for all that the file concerns.
    func applied(to inForce: [VersionedReward], only function: String?) throws -> [VersionedReward]
    {
        let proposed =
            file.pathExtension == "py" ? try python(inForce, only: function) : try declared()
        guard let function else { return proposed }
        guard let changed = proposed.first(where: { $0.function == function }) else {
            throw RewardRevisionError.noSuchFunction(
                name: function, known: proposed.map(\.function))
        }
        guard inForce.contains(where: { $0.function == function }) else {
            return inForce + [changed]
        }
        return inForce.map { $0.function == function ? changed : $0 }
    }

    /// What the recipe or grading file declares.
    func declared() throws -> [VersionedReward] {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw RecipeError.unreadable(
                file: file.path, reason: "there is no such file, or it is not UTF-8 text")
        }
        let folder = file.deletingLastPathComponent()
        let document = try RecipeYAML.document(text, file: file.path)
        return try Self.functions(
            of: try GradingSpec.rewards(of: document, library: RewardLibrary(folder: folder)),
            folder: folder)
    }

    /// `inForce` with the file's text in every function that came from a file of its name; from any file,
    /// where all came from one.
    private func python(
        _ inForce: [VersionedReward], only function: String?
    ) throws -> [VersionedReward] {
        let source = try RewardSource(reading: file.path)
        let names = Set(inForce.compactMap(\.source?.name))
        let isMeant: (VersionedReward) -> Bool = { reward in
            guard let former = reward.source else { return false }
            if let function { return reward.function == function }
            return former.name == source.name || names.count == 1
        }
        guard inForce.contains(where: isMeant) else {
            throw RewardRevisionError.noFunctionFrom(
                file: source.name, files: names.sorted(),
                python: inForce.filter { $0.source != nil }.map(\.function))
        }
        return inForce.map { reward in
            guard isMeant(reward) else { return reward }
            var changed = reward
            changed.source = source
            changed.declaration.options["file"] = .string(source.name)
            return changed
        }
    }

    /// Beside `folder` if it is there, else in the working directory.
    private static func place(of name: String, beside folder: URL) -> String {
        let beside = URL(filePath: name, relativeTo: folder).standardizedFileURL.path
        let here = URL(filePath: name).absoluteURL.standardizedFileURL.path
        let files = FileManager.default
        return !files.fileExists(atPath: beside) && files.fileExists(atPath: here) ? here : beside
    }
}

/// Why a file says nothing about the rewards of a run.
enum RewardRevisionError: Error, Sendable, Hashable, CustomStringConvertible {
    case noFunctionFrom(file: String, files: [String], python: [String])
    case noSuchFunction(name: String, known: [String])
    case noSuchVersion(name: String, known: [String])
    case nothingBefore
    case noRewards(path: String)

    var description: String {
        switch self {
        case .noFunctionFrom(let file, let files, let python):
            python.isEmpty
                ? "no reward function of the run is written in Python; change its declaration with a "
                    + "YAML file"
                : "no reward function of the run comes from a file called \(file), but from "
                    + "\(files.joined(separator: ", ")); say which is meant with --function "
                    + python.joined(separator: " or --function ")
        case .noSuchFunction(let name, let known):
            "there is no reward function \(name); there are \(known.joined(separator: ", "))"
        case .noSuchVersion(let name, let known):
            "there is no version \(name); there are \(known.joined(separator: ", "))"
        case .nothingBefore: "nothing was in force before, so there is nothing to go back to"
        case .noRewards(let path):
            "\(path) holds no reward functions of a run: it is the folder of a supervised run, or of "
                + "none"
        }
    }
}
