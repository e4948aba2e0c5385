import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneRewards

/// What stands around a function of the user's: quarantine, memory, repetition, masks.
@Suite struct GuardedRewardTests {
    @Test func aFunctionThatKeepsFailingIsSetAsideAndTriedOnceAStep() async {
        let script = ScriptedReward([
            .failure("no"), .failure("no"), .failure("still no"), .value(1),
        ])
        let reward = QuarantinedReward(script, trial: .completion, after: 2)
        _ = await reward.assess(gradingRequest(["a", "b"], step: 1))
        // Step 2: "c" is the trial and fails; "d" and the next group are not asked.
        let refused = await reward.assess(gradingRequest(["c", "d"], step: 2))
        #expect(refused[0].failure?.message == "still no")
        #expect(refused[1].failure?.kind == .unavailable)
        #expect(
            refused[1].failure?.message
                == "set aside after 3 failures in a row and tried once a step; the last: no")
        let again = await reward.assess(gradingRequest(["e"], step: 2))
        #expect(again[0].failure?.message.hasSuffix("the last: still no") == true)
        // Step 3: the trial succeeds, and the quarantine is over.
        let healed = await reward.assess(gradingRequest(["f", "g"], step: 3))
        #expect(healed.map(\.value) == [1, 1])
        #expect(await script.asked == ["a", "b", "c", "f", "g"])
    }

    @Test func aSuccessBetweenFailuresBeginsTheCountAnew() async {
        let script = ScriptedReward([.failure("no"), .value(0), .failure("no"), .value(1)])
        let reward = QuarantinedReward(script, trial: .completion, after: 2)
        let assessments = await reward.assess(gradingRequest(["a", "b", "c", "d"], step: 1))
        #expect(assessments.map(\.value) == [nil, 0, nil, 1])
        #expect(await reward.assess(gradingRequest(["e"], step: 1))[0].value == 1)
    }

    @Test func aFunctionOverListsIsTriedWithAWholeGroup() async {
        let script = ScriptedReward([.failure("no"), .failure("no"), .value(1)])
        let reward = QuarantinedReward(script, trial: .group, after: 2)
        _ = await reward.assess(gradingRequest(["a", "b"], step: 1))
        let healed = await reward.assess(gradingRequest(["c", "d"], step: 2))
        #expect(healed.map(\.value) == [1, 1])
    }

    @Test func aValueIsKeptByPromptColumnsAndCompletion() async {
        let script = ScriptedReward([.value(1), .failure("no"), .value(2), .value(3), .value(4)])
        let reward = CachedReward(script)
        let first = await reward.assess(gradingRequest(["a", "b"], columns: ["x": 1]))
        #expect(first.map(\.value) == [1, nil])
        // "a" is known, the failure of "b" is asked again.
        let second = await reward.assess(gradingRequest(["b", "a"], columns: ["x": 1]))
        #expect(second.map(\.value) == [2, 1])
        #expect(await reward.assess(gradingRequest(["a"], columns: ["x": 2])).map(\.value) == [3])
        #expect(await script.asked == ["a", "b", "b", "a"])
    }

    @Test func aFullMemoryForgetsAndAsksAgain() async {
        let script = ScriptedReward([.value(1)])
        let reward = CachedReward(script, capacity: 2)
        for completion in ["a", "b", "c", "a"] {
            #expect(await reward.assess(gradingRequest([completion])).map(\.value) == [1])
        }
        #expect(await script.asked == ["a", "b", "c", "a"])
    }

    @Test func aScoreThatDiffersForTheSameInputIsReported() async {
        let script = ScriptedReward([.value(0.25), .value(1), .value(0.75), .value(1)])
        let reward = RepeatedReward(script, groups: 1)
        let assessments = await reward.assess(gradingRequest(["a", "b"]))
        #expect(assessments.map(\.value) == [0.25, 1])
        #expect(
            assessments[0].warning?.hasPrefix("gave 0.25 and then 0.75 for the same input") == true)
        #expect(assessments[1].warning == nil)
        _ = await reward.assess(gradingRequest(["c"]))
        #expect(await script.asked == ["a", "b", "a", "b", "c"])
    }

    @Test func secretsDoNotReachTheLog() async {
        let environment = ["KEY": "sk-123456", "LONG": "xsk-123456x", "MODE": "prod"]
        let mask = SecretMask(names: ["KEY", "MODE", "LONG", "ABSENT"], environment: environment)
        let script = ScriptedReward(
            [.failure("refused sk-123456")], output: "prod: xsk-123456x sk-123456")
        let assessment = await MaskedReward(script, mask).assess(gradingRequest(["a"]))[0]
        #expect(assessment.output == "prod: <LONG> <KEY>")
        #expect(assessment.failure?.message == "refused <KEY>")
    }

    @Test func aFunctionThatFailsTooOftenStopsTheRun() async throws {
        let answers = (0..<64).map { $0 < 33 ? Score.failure("no \($0)") : .value(1) }
        let rubric = try Rubric([.init(ScriptedReward(answers), maxFailureShare: 0.5)])
        // 33 of 64 failed, which is more than half; before 64 are scored nothing is said.
        _ = try await rubric.grade([gradingRequest((0..<63).map(String.init))])
        let error = await #expect(throws: RewardError.self) {
            try await rubric.grade([gradingRequest(["last"])])
        }
        guard case .tooManyFailures("scripted", 33, 64, 0.5, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func byDefaultOnlyFailuresThroughoutStopTheRun() async throws {
        let answers = (0..<200).map { $0 == 100 ? Score.value(1) : .failure("no") }
        let rubric = try Rubric([.init(ScriptedReward(answers))])
        await #expect(throws: RewardError.self) {
            _ = try await rubric.grade([gradingRequest((0..<64).map(String.init))])
        }
        let mixed = try Rubric([.init(ScriptedReward([.value(1)] + answers))])
        _ = try await mixed.grade([gradingRequest((0..<100).map(String.init))])
    }
}
