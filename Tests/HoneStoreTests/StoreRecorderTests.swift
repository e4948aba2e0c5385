import Foundation
import GRDB
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneStore

@Suite struct StoreRecorderTests {
    @Test func keepsEverythingThatIsToldOfARun() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let recorder = try await SampleRun.record(in: store, steps: 3)
        let sample = SampleRun.completion(step: 9, place: 1)
        await recorder.record(
            .evaluated(
                EvaluationRecord(
                    step: 2, metrics: [("reward", 0.75)],
                    completions: (1...3).map { place in
                        EvaluationSample(
                            SampleRun.completion(step: 9, place: place).rollout, sample.verdict)
                    })))
        await recorder.record(.warning(step: 3, message: "mind the step"))
        await recorder.record(.checkpointed(step: 3, path: "/nowhere/step-3"))
        await recorder.record([
            RewardLogRow([
                "step": 2, "epoch": 0.5, "row": 4, "completion": 1, "function": "equation",
                "output": "said", "score": 1.0,
            ]),
            RewardLogRow([
                "step": 3, "row": 4, "completion": 2, "function": "format",
                "failure": "raised: no",
            ]),
        ])
        var run = try store.run("sample")
        #expect(run.state == .running)
        #expect(run.step == 3 && run.totalSteps == 3)
        #expect(run.facts == ["device": "cpu", "parameters": "1.0M"])
        #expect(run.recipe == "method: grpo\n")

        #expect(try store.metricNames(of: run, .training) == ["reward", "loss", "grad_norm"])
        let curve = try store.curve(of: "reward", in: run, .training)
        #expect(curve.map(\.step) == [1, 2, 3])
        #expect(curve.map(\.value) == [0.1, 0.2, 0.3])
        #expect(try store.curve(of: "loss", in: run, .training).allSatisfy { $0.value.isNaN })
        #expect(try store.curve(of: "reward", in: run, .evaluation).map(\.value) == [0.75])
        #expect(try store.metrics(of: run, .training)[1].metrics.map(\.name).count == 3)

        var query = CompletionQuery()
        query.phase = .evaluation
        let held = try store.completions(of: run, query)
        #expect(held.map(\.completion) == (1...3).map { SampleRun.text(step: 9, place: $0) })
        #expect(held.map(\.row) == (1...3).map { SampleRun.row(step: 9, place: $0) })
        #expect(held[0].tokens == sample.rollout.completion.tokens.count)
        #expect(held[0].reward == sample.verdict.reward?.total && held[0].advantage == nil)
        #expect(try store.completionCount(of: run, .evaluation).all == 3)

        let events = try store.events(of: run)
        #expect(events.map(\.kind) == ["started", "warning", "checkpointed"])
        #expect(events[1].body["message"] == "mind the step")
        #expect(events[2].body["path"] == "/nowhere/step-3")

        let log = try store.rewardLog(of: run, RewardLogQuery())
        #expect(log.map(\.step) == [2, 3])
        var failures = RewardLogQuery()
        failures.failuresOnly = true
        #expect(try store.rewardLog(of: run, failures).map(\.function) == ["format"])
        var latest = RewardLogQuery()
        latest.limit = 1
        #expect(try store.rewardLog(of: run, latest).map(\.step) == [3])

        await recorder.record(.finished(step: 3, output: "/nowhere/model", metrics: [("a", 1)]))
        run = try store.run("sample")
        #expect(run.state == .finished)
        #expect(run.output == "/nowhere/model")
    }

    @Test func aCompletionIsReadAsItWasGraded() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 4, groups: 3)
        let run = try store.run("sample")
        let records = try store.completions(of: run, CompletionQuery())
        #expect(records.count == 48)
        for record in records {
            let made = SampleRun.completion(step: record.step, place: record.ordinal)
            #expect(record.completion == made.rollout.text)
            #expect(record.prompt == made.rollout.promptText)
            #expect(record.row == made.rollout.row.index)
            #expect(record.tokens == made.rollout.completion.tokens.count)
            #expect(record.reward == made.verdict.reward?.total)
            #expect(record.advantage == made.advantage.map(Double.init))
            #expect(record.finishReason == made.rollout.completion.finishReason.rawValue)
            #expect(record.policyVersion == record.step - 1)
            #expect(record.rewards.map(\.version) == ["equation_v1", "format_v1"])
            #expect(record.rewards.map(\.score) == made.verdict.components.map(\.score))
            let failure = made.verdict.failure.map { "\($0.kind.rawValue): \($0.message)" }
            #expect(record.rewards[0].failure == failure)
        }
    }

    @Test func aStepToldAgainReplacesTheFormer() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let recorder = try await SampleRun.record(in: store, steps: 2)
        await recorder.record(SampleRun.step(2, groups: 1))
        let run = try store.run("sample")
        #expect(try store.completionCount(of: run, .training).all == 12)
        #expect(try store.completions(of: run, CompletionQuery()).count == 12)
        try StoreCheck(store).expectWhole()
    }

    @Test func aResumedRunGoesOnInItsRow() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 5)
        let again = StoreRecorder(
            store: store, registration: SampleRun.registration(beginning: .resumed),
            onProblem: { preconditionFailure($0) })
        await again.record(.started(SampleRun.description(steps: 5, resumedFrom: 3)))
        #expect(try store.runs().count == 1)
        #expect(try store.run("sample").step == 3)
        for step in 4...5 { await again.record(SampleRun.step(step)) }
        let run = try store.run("sample")
        #expect(run.step == 5)
        #expect(try store.curve(of: "reward", in: run, .training).map(\.step) == [1, 2, 3, 4, 5])
        #expect(try store.completionCount(of: run, .training).all == 40)
        try StoreCheck(store).expectWhole()
    }

    @Test func aResumeThatFailsBeforeItStartsTakesNothingAway() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 5)
        let again = StoreRecorder(
            store: store, registration: SampleRun.registration(beginning: .resumed),
            onProblem: { preconditionFailure($0) })
        await again.record(.failed(step: 3, message: "no dataset"))
        let run = try store.run("sample")
        #expect(run.state == .failed)
        #expect(run.message == "no dataset")
        #expect(run.step == 5 && run.totalSteps == 5)
        #expect(try store.completionCount(of: run, .training).all == 40)
    }

    @Test func runsOfOneNameAreToldApart() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        for _ in 0..<3 { try await SampleRun.record("two words", in: store, steps: 0) }
        #expect(try store.runs().map(\.name) == ["two-words-3", "two-words-2", "two-words"])
        #expect(try store.run("two-words").name == "two-words")
        #expect(
            throws: StoreError.noSuchRun(
                name: "three", known: ["two-words-3", "two-words-2", "two-words"])
        ) {
            try store.run("three")
        }
        #expect(throws: StoreError.self) { try store.run("two-words-") }
    }

    @Test func aRewardThatChangedHasANewVersionFromItsStep() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let recorder = try await SampleRun.record(in: store, steps: 2)
        let source = "def equation(prompt, completion, example):\n    return 0.5\n"
        let (first, second) = (
            VersionedReward(
                number: 1, declaration: RewardConfig(name: "equation", type: "python"), folder: "/",
                source: nil),
            VersionedReward(
                number: 2, declaration: RewardConfig(name: "equation", type: "python"), folder: "/",
                source: RewardSource(name: "r.py", texts: ["r.py": source], origin: "/r.py"))
        )
        for (step, reward) in [(3, second), (4, first)] {
            await recorder.record(
                .rewardsChanged(
                    RewardChange(
                        id: "\(step)", reason: .update, firstStep: step, inForce: [reward])))
            await recorder.record(SampleRun.step(step))
        }
        let run = try store.run("sample")
        let versions = try store.rewardVersions(of: run)
        #expect(versions.map(\.name) == ["equation_v1", "equation_v2", "format_v1"])
        #expect(versions.map(\.firstStep) == [1, 3, 1])
        #expect(versions[1].content.source == source)
        let names = try store.completions(of: run, CompletionQuery()).map {
            $0.rewards[0].version
        }
        // The first version comes back.
        let expected =
            Array(repeating: "equation_v1", count: 16) + Array(repeating: "equation_v2", count: 8)
            + Array(repeating: "equation_v1", count: 8)
        #expect(names == expected)
        #expect(
            try store.events(of: run).filter { $0.kind == "rewardsChanged" }.map(\.step) == [3, 4])
    }

    @Test func changesThatWereAskedForAreKeptWithTheirTrials() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let recorder = try await SampleRun.record(in: store, steps: 4)
        let spread = RewardComparison.Spread(count: 8, mean: 0.5, deviation: 0.1)
        let trial = RewardComparison(
            completions: 8, groups: 2, firstStep: 4, lastStep: 4, old: spread, new: spread,
            functions: [], failures: [], seconds: 0.1,
            signal: RewardComparison.Signal(old: 1, new: 2, gained: 1, lost: 0),
            flips: RewardComparison.Flips(flipped: 3, compared: 8), largest: [], steps: [])
        let refused = RewardAnswer(id: "1-a", asked: .watch, state: .refused, reason: "no")
        var answer = RewardAnswer(
            id: "2-b", asked: .update, state: .accepted, versions: ["equation_v2"],
            changed: ["equation_v2"], trial: trial)
        await recorder.record(.rewardsAnswered(step: 3, refused))
        await recorder.record(.rewardsAnswered(step: 4, answer))
        // Said again after a kill, by a process that does not know the trial any more.
        await recorder.record(
            .rewardsAnswered(
                step: 5,
                RewardAnswer(
                    id: "2-b", asked: .update, state: .applied, versions: ["equation_v2"],
                    firstStep: 5)))
        var run = try store.run("sample")
        let kept = try store.rewardTrials(of: run)
        (answer.state, answer.firstStep) = (.applied, 5)
        #expect(kept.map(\.answer) == [refused, answer])
        #expect(kept.map(\.step) == [3, 5])
        // A trial has happened, whatever step the run goes back to.
        let again = StoreRecorder(
            store: store, registration: SampleRun.registration(beginning: .resumed),
            onProblem: { preconditionFailure($0) })
        await again.record(.started(SampleRun.description(steps: 4, resumedFrom: 1)))
        #expect(try store.rewardTrials(of: run).count == 2)
        // One that was asked for while nobody trained.
        run = try store.run("sample")
        try store.record(RewardAnswer(id: "3-c", asked: .revert, state: .tried), of: run)
        #expect(try store.rewardTrials(of: run).map(\.step) == [3, 5, 1])
    }

    @Test func rewardsOfEvaluationsHaveNoVersions() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        var registration = SampleRun.registration()
        registration.evaluationRewards = [SampleRun.rewards[0]]
        let recorder = StoreRecorder(
            store: store, registration: registration, onProblem: { preconditionFailure($0) })
        await recorder.record(.started(SampleRun.description()))
        await recorder.record(SampleRun.step(1))
        let sample = SampleRun.completion(step: 1, place: 1)
        await recorder.record(
            .evaluated(
                EvaluationRecord(
                    step: 1, metrics: [],
                    completions: [EvaluationSample(sample.rollout, sample.verdict)])))
        let run = try store.run("sample")
        #expect(try store.evaluationRewards(of: run) == [SampleRun.rewards[0]])
        var held = CompletionQuery()
        held.phase = .evaluation
        #expect(try store.completions(of: run, held)[0].rewards.map(\.version) == [nil, nil])
        let trained = try store.completions(of: run, CompletionQuery())[0]
        #expect(trained.rewards.map(\.version) == ["equation_v1", "format_v1"])
    }

    @Test func aStoreThatCannotBeWrittenIsToldOnceAndDoesNotHurt() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let problems = Problems()
        let recorder = StoreRecorder(
            store: store, registration: SampleRun.registration(),
            onProblem: { problems.add($0) })
        await recorder.record(.started(SampleRun.description()))
        try await store.pool.write { try $0.execute(sql: "DROP TABLE step") }
        await recorder.record(SampleRun.step(1))
        await recorder.record(SampleRun.step(2))
        #expect(problems.all.count == 1)
        #expect(problems.all.first?.contains("the store no longer takes in this run") == true)
    }

    @Test func groupsCarryAllThatGradingThemAgainNeeds() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 3, groups: 2)
        let run = try store.run("sample")
        let groups = try (1...3).flatMap { try store.groups(of: run, step: $0) }
        #expect(groups.map(\.step) == [1, 1, 2, 2, 3, 3])
        for (index, group) in groups.enumerated() {
            let first = SampleRun.completion(step: group.step, place: index % 2 * 4)
            #expect(group.row == first.rollout.row)
            #expect(group.prompt == first.rollout.promptText)
            let texts = (0..<4).map {
                SampleRun.text(step: group.step, place: index % 2 * 4 + $0)
            }
            #expect(group.completions.map(\.completion) == texts)
            #expect(group.completions[0].tokens == first.rollout.completion.tokens.count)
        }
        #expect(try store.groups(of: run, step: 4).isEmpty)
    }
}

/// What an observer was told, from any thread.
private final class Problems: @unchecked Sendable {
    // Guarded by the lock.
    private var messages: [String] = []
    private let lock = NSLock()

    func add(_ message: String) { lock.withLock { messages.append(message) } }
    var all: [String] { lock.withLock { messages } }
}
