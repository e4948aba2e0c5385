import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct LiveRewardsTests {
    private let scratch: ScratchFolder
    private let archive: RewardArchive
    private let grader: VersionedGrader
    private let live: LiveRewards
    private let ear = Versions.Ear()

    init() async throws {
        scratch = try ScratchFolder()
        archive = try RewardArchive.open(scratch.url.appending(path: "rewards")) {
            [Versions.reward("a", text: "1"), Versions.reward("b")]
        }
        grader = try await VersionedGrader(archive: archive, maker: Versions.Maker())
        live = LiveRewards(Self.examination(archive), grader: grader)
    }

    private static func examination(_ archive: RewardArchive) -> RewardExamination {
        var config = TrainingConfig(
            model: .folder("m"), dataset: DatasetConfig.defaults)
        config.dataset.path = "d.jsonl"
        return RewardExamination(
            archive: archive, maker: Versions.Maker(), config: config,
            completions: Versions.Kept(steps: [[RewardComparerTests.recorded([0, 1], row: 3)]]))
    }

    private func propose(
        _ text: String, id: String = "1", basis: [String] = ["a_v1", "b_v1"],
        intent: RewardProposal.Intent = .apply
    ) async throws -> [RewardAnswer] {
        let ear = ear
        try await live.propose(
            Versions.proposal(
                id, [Versions.reward("a", text: text), Versions.reward("b")], basis: basis,
                intent: intent)
        ) { await ear.hear($0) }
        return await ear.answers
    }

    @Test func aVersionThatHoldsComesIntoForceBetweenTwoSteps() async throws {
        #expect(try await grader.begin(step: 5) == nil)
        let accepted = try await propose("2")
        #expect(accepted.map(\.state) == [.accepted])
        #expect(accepted[0].changed == ["a_v2"])
        #expect(accepted[0].trial?.completions == 2)
        // The step goes on as it began.
        #expect(await grader.functions() == [.init("a"), .init("b")])
        let change = try await grader.begin(step: 6)
        #expect(change?.firstStep == 6)
        #expect(change?.names == ["a_v2", "b_v1"])
        #expect(await grader.functions() == [.init("a", version: "a_v2"), .init("b")])
        #expect(await ear.answers.last?.state == .applied)
        #expect(await ear.answers.last?.firstStep == 6)
        #expect(try await grader.begin(step: 7) == nil)
        // Asked again, as after a death between the two, it is only said again.
        #expect(try await propose("2").last?.firstStep == 6)
        #expect(await archive.changes.count == 2)
    }

    @Test func aResumedRunScoresEachStepByWhatScoredItFirst() async throws {
        _ = try await grader.begin(step: 5)
        _ = try await propose("2")
        _ = try await grader.begin(step: 6)
        let reopened = try RewardArchive.open(scratch.url.appending(path: "rewards")) { [] }
        let resumed = try await VersionedGrader(archive: reopened, maker: Versions.Maker())
        #expect(try await resumed.begin(step: 5) == nil)
        #expect(await resumed.functions() == [.init("a"), .init("b")])
        // A change that is asked for meanwhile waits until the steps are made that had been made.
        let again = LiveRewards(Self.examination(reopened), grader: resumed)
        try await again.propose(
            Versions.proposal(
                "3", [Versions.reward("a", text: "3"), Versions.reward("b")],
                basis: ["a_v2", "b_v1"])
        ) { _ in }
        let change = try await resumed.begin(step: 6)
        #expect(change?.id == "1")
        #expect(change?.names == ["a_v2", "b_v1"])
        let score = try await resumed.grade([
            RewardComparerTests.recorded([0], row: 1).request
        ])[0][0].components[0].score
        #expect(score == 2)
        #expect(try await resumed.begin(step: 7)?.names == ["a_v3", "b_v1"])
    }

    @Test(arguments: [
        ("syntax", "SyntaxError"), ("fail", "failed for all 2 completions: raised: never"),
        ("stop", "raised: stop"), ("1", "nothing differs"),
    ])
    func aVersionThatDoesNotHoldIsRefused(text: String, reason: String) async throws {
        let answers = try await propose(text)
        #expect(answers.map(\.state) == [.refused])
        #expect(answers[0].reason?.contains(reason) == true, "\(answers[0].reason ?? "")")
        #expect(try await grader.begin(step: 1) == nil)
        #expect(await archive.changes.count == 1)
    }

    @Test func aProposalForWhatIsNoLongerInForceIsRefused() async throws {
        let answers = try await propose("2", basis: ["a_v1"])
        #expect(answers.last?.reason?.contains("changed meanwhile") == true)
    }

    @Test func whatTheRecipeDoesNotAcceptIsRefused() async throws {
        let ear = ear
        try await live.propose(
            Versions.proposal(
                "1", [Versions.reward("a", weight: 0)], basis: ["a_v1", "b_v1"])
        ) { await ear.hear($0) }
        #expect(await ear.answers.last?.reason?.contains("every weight is 0") == true)
    }

    @Test(
        arguments: [
            // 16 of 80 fail: more than a tenth.
            (RewardConfig.FailurePolicy.exclude, 0.1, 16, "max_failure_share is 0.1"),
            (.exclude, 0.5, 16, nil), (.stop, 1, 1, "on_error: stop ends a run"),
            (.zero, 1, 80, "for all 80 completions"),
        ] as [(RewardConfig.FailurePolicy, Double, Int, String?)])
    func whatWouldStopTheRunIsRefused(
        policy: RewardConfig.FailurePolicy, share: Double, failures: Int, reason: String?
    ) async throws {
        struct Fails: Grader {
            let count: Int
            func functions() -> [FunctionInForce] { [.init("format")] }
            func grade(_ requests: [GradingRequest]) -> [[Verdict]] {
                requests.map { request in
                    RewardComparerTests.verdicts(
                        request.completions.indices.map { $0 < count ? nil : 1 })
                }
            }
        }
        var declaration = RewardConfig(name: "format", type: "python")
        declaration.onError = policy
        declaration.maxFailureShare = share
        let finding = try await RewardTrial(
            advantages: AdvantageEstimator(scaling: .group), grader: Fails(count: failures),
            declarations: [declaration]
        ).run(on: [[RewardComparerTests.recorded(Array(repeating: 1, count: 80), row: 0)]])
        #expect(finding.comparison.completions == 80)
        #expect((finding.objection == nil) == (reason == nil))
        if let reason { #expect(finding.objection?.contains(reason) == true) }
    }

    @Test func aTextThatNamesAFileElsewhereIsNotRead() throws {
        var reward = Versions.reward("a", text: "2")
        reward.source?.texts["../../evil.py"] = "x"
        #expect(throws: RewardRecordError.self) { try VersionedReward(json: reward.json) }
    }

    @Test func aTrialChangesNothing() async throws {
        #expect(try await propose("2", intent: .trial).map(\.state) == [.tried])
        #expect(try await grader.begin(step: 1) == nil)
        #expect(await archive.changes.count == 1)
    }

    @Test func theMailboxKeepsAProposalUntilItsFinalAnswer() async throws {
        let mailbox = RewardMailbox(scratch.url.appending(path: "rewards"))
        let proposal = Versions.proposal(
            "7", [Versions.reward("a", text: "2"), Versions.reward("b")],
            basis: ["a_v1", "b_v1"])
        try mailbox.post(proposal)
        let events = Events()
        let desk = RewardDesk(live: live, sources: [MailboxSource(mailbox)])
        await desk.prepare(events, after: 0)
        #expect(try mailbox.waiting() == ["7"])
        #expect(try mailbox.answer(to: "7")?.state == .accepted)
        _ = try await grader.begin(step: 1)
        #expect(try mailbox.waiting() == [])
        #expect(try mailbox.answer(to: "7")?.firstStep == 1)

        try mailbox.post(Versions.proposal("8", [Versions.reward("a", text: "syntax")], basis: []))
        await desk.prepare(events, after: 1)
        #expect(try mailbox.answer(to: "8")?.state == .refused)
        #expect(await events.warnings.count == 1)
    }

    @Test func aLockIsSeenFromOutsideAndEndsWithItsHolder() throws {
        let lock = RunLock(RunFolder(scratch.url.appending(path: "run")))
        #expect(!lock.isHeldByAnother)
        var held: RunLock.Held? = try lock.take()
        #expect(lock.isHeldByAnother)
        #expect(throws: RunFolderError.self) { try lock.take() }
        withExtendedLifetime(held) {}
        held = nil
        #expect(!lock.isHeldByAnother)
    }

    private actor Events: RunObserver {
        var warnings: [String] = []
        func record(_ event: RunEvent) {
            if case .warning(_, let message) = event { warnings.append(message) }
        }
    }
}
