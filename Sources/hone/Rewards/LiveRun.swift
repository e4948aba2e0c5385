import Foundation
import HoneCore
import HoneRewards
import HoneStore
import HoneTraining

/// The reward functions of the run that this process trains, wired so that they can be changed.
struct LiveRun {
    let grader: VersionedGrader
    /// What scores evaluations; `nil` where ``grader`` does.
    let evaluationGrader: (any Grader)?
    let desk: RewardDesk
    /// Tells other processes that this one trains the run.
    private let lock: RunLock.Held

    /// Opens the run's folder: a new one, or that of a run which goes on with what was in force.
    /// - Parameters:
    ///   - recipe: the run's; where its rewards were changed while it ran, those that it began with are
    ///     put back, since the history says what is in force.
    ///   - file: the recipe as the user named it.
    ///   - overrides: what the user changed in it.
    ///   - folder: the run's.
    ///   - place: where the store is.
    ///   - log: told of every call.
    ///   - reference: the model that training begins with, for functions that ask it.
    ///   - beginning: how the run begins.
    ///   - watching: whether saved files change the rewards.
    init(
        _ recipe: inout Recipe, named file: String, overrides: [String], folder: RunFolder,
        place: StoreHome, log: any RewardLog, reference: ReferenceSlot,
        beginning: TrainingRun.Beginning, watching: Bool
    ) async throws {
        switch beginning {
        case .new: try folder.create()
        case .resumed:
            guard FileManager.default.fileExists(atPath: folder.url.path) else {
                throw RunFolderError.noRun(path: folder.url.path)
            }
        }
        lock = try RunLock(folder).take()
        if beginning == .new { try RewardArchive.clear(folder.rewards, keeping: "process") }
        let declared = try RewardRevision.functions(
            of: recipe.config.rewards, folder: recipe.file.deletingLastPathComponent())
        let archive = try RewardArchive.open(folder.rewards) { declared }
        let changes = await archive.changes
        let isBegun = FileManager.default.fileExists(atPath: folder.recipe.path)
        if isBegun, changes.count > 1 || watching {
            recipe.config.rewards = try Recipe(path: folder.recipe.path).config.rewards
        }
        if let now = changes.last, !now.inForce.isSame(as: declared) {
            StandardError.write(
                line: "the rewards of \(file) are not those in force, with which the run goes on "
                    + "(\(now.names.joined(separator: ", "))); hone rewards update "
                    + "\(folder.url.path) --file \(file) takes them up")
        }
        let maker = RubricMaker(file: file, log: log, reference: reference)
        grader = try await VersionedGrader(archive: archive, maker: maker)
        evaluationGrader = try await Self.evaluationGrader(
            recipe, named: file, archive, in: folder.rewards, maker)
        let mailbox = RewardMailbox(folder.rewards)
        var sources: [any RewardProposalSource] = [MailboxSource(mailbox)]
        if watching {
            sources.append(
                RewardFileWatch(
                    recipe: file, overrides: overrides, archive: archive, mailbox: mailbox))
        }
        desk = RewardDesk(
            live: LiveRewards(
                RewardExamination(
                    archive: archive, maker: maker, config: recipe.config,
                    completions: LateCompletions(
                        folder: folder, config: recipe.config, place: place)),
                grader: grader), sources: sources)
    }

    /// Scores evaluations as the run began, whatever became of the files since.
    private static func evaluationGrader(
        _ recipe: Recipe, named file: String, _ archive: RewardArchive, in rewards: URL,
        _ maker: RubricMaker
    ) async throws -> (any Grader)? {
        let declared = try RewardRevision.functions(
            of: recipe.config.evaluation?.rewards ?? [],
            folder: recipe.file.deletingLastPathComponent())
        guard !declared.isEmpty else { return nil }
        let kept = try EvaluationRewards(in: rewards, beginningWith: declared)
        if !kept.functions.isSame(as: declared) {
            StandardError.write(
                line:
                    "evaluation.rewards of \(file) are not those that the run began with, which go on "
                    + "measuring it (\(kept.names.joined(separator: ", "))), so that its "
                    + "evaluations compare")
        }
        return try await maker.grader(
            of: kept.functions, files: archive.files(of: kept.functions), for: .training)
    }
}

extension [VersionedReward] {
    /// Whether both are the same versions in the same order, whatever their numbers.
    func isSame(as other: [VersionedReward]) -> Bool {
        count == other.count && zip(self, other).allSatisfy { $0.hasSameContent(as: $1) }
    }
}
