import Foundation
import HoneCore

/// Decides whether reward functions that somebody proposes may score a run.
public struct RewardExamination: Sendable {
    /// The run's history.
    public var archive: RewardArchive
    /// Makes graders of versions.
    public var maker: any GraderMaker
    /// The run's recipe.
    public var config: TrainingConfig
    /// What the run has recorded so far.
    public var completions: any StoredCompletions

    public init(
        archive: RewardArchive, maker: any GraderMaker, config: TrainingConfig,
        completions: any StoredCompletions
    ) {
        self.archive = archive
        self.maker = maker
        self.config = config
        self.completions = completions
    }

    /// What came of it.
    struct Result: Sendable {
        /// ``RewardAnswer/State-swift.enum/tried`` when the functions hold, else refused.
        var answer: RewardAnswer
        /// The functions with their numbers.
        var functions: [VersionedReward]
        /// Each function's file.
        var files: [String: String] = [:]
    }

    /// Examines `proposal`: whether it is made for what is in force, whether the recipe accepts it,
    /// whether its functions can be loaded, and how they score the latest completions.
    /// - Throws: `CancellationError`
    func result(of proposal: RewardProposal) async throws -> Result {
        let inForce = await archive.latest
        let functions = await archive.numbered(proposal.functions)
        var result = Result(
            answer: RewardAnswer(
                id: proposal.id, asked: proposal.reason, state: .refused,
                versions: functions.map(\.name),
                changed: functions.map(\.name).filter { !inForce.names.contains($0) }),
            functions: functions)
        do {
            result.answer.reason = objection(to: proposal, functions, inForce: inForce)
            guard result.answer.reason == nil else { return result }
            result.files = try await archive.files(of: functions)
            let trial = RewardTrial(
                advantages: AdvantageEstimator(
                    config.grpo, rewardWeights: functions.map(\.declaration.weight)),
                grader: try await maker.grader(
                    of: functions, files: result.files, for: .trial),
                declarations: functions.map(\.declaration))
            let finding = try await trial.run(
                on: try await completions.latest(proposal.completions))
            result.answer.trial = finding.comparison
            result.answer.reason = finding.objection
            if finding.objection == nil { result.answer.state = .tried }
            if let evaluation = config.evaluation {
                let own = evaluation.rewards.map(\.name).joined(separator: ", ")
                result.answer.notes.append(
                    own.isEmpty
                        ? "evaluations are scored by the same functions, so those before and after the "
                            + "change do not compare; evaluation.rewards would keep a measure of its own"
                        : "evaluation.rewards (\(own)) stay as they were when the run began, so that "
                            + "evaluations before and after the change compare")
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            result.answer.reason = "\(error)"
        }
        return result
    }

    /// Why `proposal` need not even be tried.
    private func objection(
        to proposal: RewardProposal, _ functions: [VersionedReward], inForce: RewardChange
    ) -> String? {
        guard proposal.basis == inForce.names else {
            return "the rewards were changed meanwhile: in force are "
                + inForce.names.joined(separator: ", ") + "; look at them and ask again"
        }
        guard functions.map(\.name) != inForce.names else {
            return "nothing differs from what is in force: "
                + inForce.names.joined(separator: ", ")
        }
        var changed = config
        changed.rewards = functions.map(\.declaration)
        let document = ConfigDocument(file: "the new rewards", root: changed.configJSON)
        let problems = TrainingConfig.decode(document, rewards: nil).problems
        guard !problems.isEmpty else { return nil }
        return problems.map { "\($0.path) \($0.message)" }.joined(separator: "; ")
    }
}
