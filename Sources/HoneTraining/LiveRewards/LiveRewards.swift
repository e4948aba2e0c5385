import HoneCore

/// Changes the reward functions of the run that this process trains.
public struct LiveRewards: RewardControl {
    private let examination: RewardExamination
    private let grader: VersionedGrader

    /// - Parameters:
    ///   - examination: decides what may score the run.
    ///   - grader: what scores the run.
    public init(_ examination: RewardExamination, grader: VersionedGrader) {
        self.examination = examination
        self.grader = grader
    }

    public func changes() async -> [RewardChange] { await examination.archive.changes }

    /// As `RewardControl.propose(_:told:)`; returns when the proposal is accepted or refused, and
    /// tells later of the step from which it is in force.
    public func propose(
        _ proposal: RewardProposal, told: @escaping @Sendable (RewardAnswer) async -> Void
    ) async throws {
        // Applied already, and killed before it could be said.
        if let done = await examination.archive.changes.first(where: { $0.id == proposal.id }) {
            await told(
                RewardAnswer(
                    id: done.id, asked: done.reason, state: .applied, versions: done.names,
                    firstStep: done.firstStep))
            return
        }
        let result = try await examination.result(of: proposal)
        guard result.answer.state == .tried, proposal.intent == .apply else {
            await told(result.answer)
            return
        }
        var accepted = result.answer
        let fresh: any Grader
        do {
            // A grader of its own: what the trial left in caches must not reach the run.
            fresh = try await examination.maker.grader(
                of: result.functions, files: result.files, for: .training)
        } catch {
            accepted.state = .refused
            accepted.reason = "\(error)"
            await told(accepted)
            return
        }
        accepted.state = .accepted
        let answer = accepted
        await told(answer)
        let change = RewardChange(
            id: proposal.id, reason: proposal.reason, firstStep: 0, inForce: result.functions)
        await grader.schedule(
            .init(change: change, grader: fresh) { firstStep in
                var applied = answer
                applied.state = .applied
                applied.firstStep = firstStep
                await told(applied)
            })
    }
}

/// Changes the reward functions of a run that nobody trains: tries them here, and leaves them in the
/// mailbox for `hone train --resume`, which tries them again and puts them in force with its first new
/// step.
public struct WaitingRewards: RewardControl {
    private let examination: RewardExamination
    private let mailbox: RewardMailbox

    /// - Parameters:
    ///   - examination: decides what may score the run.
    ///   - mailbox: the run's.
    public init(_ examination: RewardExamination, mailbox: RewardMailbox) {
        self.examination = examination
        self.mailbox = mailbox
    }

    public func changes() async -> [RewardChange] { await examination.archive.changes }

    public func propose(
        _ proposal: RewardProposal, told: @escaping @Sendable (RewardAnswer) async -> Void
    ) async throws {
        var answer = try await examination.result(of: proposal).answer
        if answer.state == .tried, proposal.intent == .apply {
            answer.state = .accepted
            try mailbox.post(proposal)
        }
        try mailbox.answer(answer)
        await told(answer)
    }
}
