import Foundation
import HoneCore
import HoneRewards
import HoneTraining

/// Proposes the rewards of a recipe anew when it, or a file that they are written in, has been saved.
actor RewardFileWatch: RewardProposalSource {
    private let recipe: String
    private let overrides: [String]
    private let archive: RewardArchive
    /// Keeps the answers.
    private let mailbox: RewardMailbox
    /// The files as they were when they were last read; `nil` before.
    private var read: [Stamp]?
    /// As they were at the last look: a file that is being written is left alone until it rests.
    private var seen: [Stamp]?
    /// Where the texts of the functions lie.
    private var files: [String]

    /// What a file is known by from outside.
    private struct Stamp: Hashable {
        var path: String
        var changed: Date?
        var size: Int?
    }

    init(
        recipe: String, overrides: [String], archive: RewardArchive, mailbox: RewardMailbox
    ) {
        self.recipe = recipe
        self.overrides = overrides
        self.archive = archive
        self.mailbox = mailbox
        files = [recipe]
    }

    func next() async -> RewardArrival? {
        let stamps = files.map(Self.stamp)
        guard stamps != read else { return nil }
        guard stamps == seen else {
            seen = stamps
            return nil
        }
        let isFirst = read == nil
        read = stamps
        let declared: [VersionedReward]
        do {
            declared = try functions()
        } catch {
            return .trouble("watched rewards cannot be read, and those in force stay: \(error)")
        }
        let known = files
        files = Self.files(of: declared, recipe: recipe)
        // Files that are watched from now on count as read.
        if known != files {
            read = files.map(Self.stamp)
            seen = read
        }
        let changes = await archive.changes
        guard let now = changes.last, !now.inForce.isSame(as: declared) else { return nil }
        // At the start of a run that goes on, what it has had before is not asked for again.
        if isFirst, changes.contains(where: { $0.inForce.isSame(as: declared) }) { return nil }
        let proposal = RewardProposal(
            id: RewardMailbox.newID(), reason: .watch, basis: now.names, functions: declared,
            completions: 256, intent: .apply)
        return .proposal(proposal) { [mailbox] answer in
            do {
                try mailbox.answer(answer)
            } catch {
                StandardError.write(line: "warning: the report is not kept: \(error)")
            }
            guard answer.state == .accepted || answer.state == .refused else { return }
            if let trial = answer.trial {
                StandardError.write(line: ComparisonText(trial).text)
            }
        }
    }

    private func functions() throws -> [VersionedReward] {
        let file = URL(filePath: recipe).absoluteURL.standardizedFileURL
        let folder = file.deletingLastPathComponent()
        let config = try Recipe(
            path: recipe, overrides: overrides, rewards: RewardLibrary(folder: folder)
        ).config
        return try RewardRevision.functions(of: config.rewards, folder: folder)
    }

    private static func files(of functions: [VersionedReward], recipe: String) -> [String] {
        let sources = functions.compactMap(\.source).flatMap { source in
            let folder = URL(filePath: source.origin).deletingLastPathComponent()
            return source.texts.keys.map { folder.appending(path: $0).path }
        }
        return [recipe] + Set(sources).sorted()
    }

    private static func stamp(_ path: String) -> Stamp {
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        return Stamp(
            path: path, changed: facts?[.modificationDate] as? Date, size: facts?[.size] as? Int)
    }
}
