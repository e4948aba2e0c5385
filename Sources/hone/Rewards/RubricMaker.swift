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
        switch use {
        case .training:
            let rubric = try await library.rubric(of: declarations, file: file, log: log)
            for notice in rubric.notices { StandardError.write(line: notice) }
            return rubric
        case .trial:
            return PatientRubric(
                rubric: try await library.rubric(
                    of: declarations.map { declaration in
                        var patient = declaration
                        if patient.onError == .stop { patient.onError = .exclude }
                        return patient
                    }, file: file))
        }
    }
}

/// A rubric that scores to the end, however often its functions fail.
private struct PatientRubric: Grader {
    let rubric: Rubric

    func functions() -> [FunctionInForce] { rubric.functions() }

    func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]] {
        let assessments = await rubric.assess(requests)
        return try zip(requests, assessments).map { request, columns in
            try request.completions.indices.map { member in
                try rubric.verdict(of: columns.map { $0[member].score })
            }
        }
    }
}
