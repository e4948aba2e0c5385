import Foundation
import HoneCore

/// Somewhere that changes of reward functions come from while a run trains.
public protocol RewardProposalSource: Sendable {
    /// What has come in since the last time; `nil` when there is nothing.
    func next() async -> RewardArrival?
}

/// Something that came in.
public enum RewardArrival: Sendable {
    /// A proposal, and who hears the answers.
    case proposal(RewardProposal, told: @Sendable (RewardAnswer) async -> Void)
    /// Something that was meant as one and cannot be understood.
    case trouble(String)
}

/// Takes in changes of the reward functions while a run trains, one after the other.
public actor RewardDesk: RunCompanion {
    private let live: any RewardControl
    private let sources: [any RewardProposalSource]
    private var step = 0
    /// The id of a change that waits for the next step.
    private var isApplying: String?

    private static let pause = Duration.milliseconds(200)

    /// - Parameters:
    ///   - live: changes the run's rewards.
    ///   - sources: where changes come from, each looked at in turn.
    public init(live: any RewardControl, sources: [any RewardProposalSource]) {
        self.live = live
        self.sources = sources
    }

    /// Takes in what came while no process trained the run.
    public func prepare(_ observer: any RunObserver, after completedSteps: Int) async {
        step = completedSteps
        await takeIn(observer)
    }

    public func accompany(_ observer: any RunObserver) async {
        while !Task.isCancelled {
            await takeIn(observer)
            // Cancelled means that the run has ended, which the loop asks about.
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func takeIn(_ observer: any RunObserver) async {
        for source in sources {
            while isApplying == nil, !Task.isCancelled, let arrival = await source.next() {
                switch arrival {
                case .trouble(let message):
                    await observer.record(.warning(step: step, message: message))
                case .proposal(let proposal, let told):
                    do {
                        try await live.propose(proposal) { answer in
                            await self.heard(answer, observer)
                            await told(answer)
                        }
                    } catch is CancellationError {
                        // The run has ended; the proposal waits for it to be resumed.
                        return
                    } catch {
                        await observer.record(
                            .warning(step: step, message: "new rewards: \(error)"))
                    }
                }
            }
        }
    }

    private func heard(_ answer: RewardAnswer, _ observer: any RunObserver) async {
        step = max(step, answer.firstStep ?? 0, answer.trial?.lastStep ?? 0)
        await observer.record(.rewardsAnswered(step: step, answer))
        switch answer.state {
        case .accepted: isApplying = answer.id
        case .applied: isApplying = nil
        case .tried: break
        case .refused:
            await observer.record(
                .warning(
                    step: step,
                    message: "new rewards are refused, and those in force stay: "
                        + (answer.reason ?? "")))
        }
    }
}

/// What comes in through a run's mailbox.
public actor MailboxSource: RewardProposalSource {
    private let mailbox: RewardMailbox
    /// Taken in by this process.
    private var taken: Set<String> = []

    public init(_ mailbox: RewardMailbox) { self.mailbox = mailbox }

    public func next() async -> RewardArrival? {
        do {
            guard let id = try mailbox.waiting().first(where: { !taken.contains($0) }) else {
                return nil
            }
            taken.insert(id)
            let mailbox = mailbox
            do {
                return .proposal(try mailbox.proposal(id)) { answer in
                    // Whoever asked sees no answer then; the change itself is in the history.
                    try? mailbox.answer(answer)
                }
            } catch {
                try mailbox.answer(
                    RewardAnswer(id: id, asked: nil, state: .refused, reason: "\(error)"))
                return .trouble("a change of the rewards in the mailbox: \(error)")
            }
        } catch {
            return .trouble("the mailbox of the rewards: \(error)")
        }
    }
}
