import Foundation
import HoneCore
import HoneRewards
import OrderedCollections

/// Makes rubrics of the versions of a run's reward functions.
struct RubricMaker: GraderMaker {
    /// The recipe as the user named it, for error messages.
    let file: String
    /// Told of every call in training.
    let log: (any RewardLog)?
    /// The model that training begins with, for functions that ask it.
    var reference: ReferenceSlot?

    func grader(
        of rewards: [VersionedReward], files: [String: String], for use: GradingUse
    ) async throws -> any Grader {
        let folder = rewards.first?.folder ?? "."
        let library = RewardLibrary(
            folder: URL(filePath: folder), tell: { StandardError.write(line: $0) },
            reference: reference)
        let declarations = rewards.map { reward in
            var declaration = reward.declaration
            guard let file = files[reward.function], let source = reward.source else {
                return declaration
            }
            declaration.options["file"] = .string(file)
            // The links beside the file lead to the folder that it came from.
            let home = URL(filePath: source.origin).deletingLastPathComponent().path
            let readable = declaration.options["readable"]?.arrayValue ?? []
            declaration.options["readable"] = .array(readable + [.string(home)])
            return declaration
        }
        let rubric = try await library.rubric(
            of: declarations, file: file, log: use == .training ? log : nil)
        if use == .training {
            for notice in rubric.notices { StandardError.write(line: notice) }
        }
        return rubric
    }
}
