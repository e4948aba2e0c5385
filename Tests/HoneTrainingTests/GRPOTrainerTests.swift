import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneTraining

/// Answers every request from a script: completion k of row r at step s has tokens [r, s, k].
private struct ScriptedSampler: Sampler {
    let log: Log

    actor Log {
        var requests: [[GenerationRequest]] = []
        func add(_ batch: [GenerationRequest]) { requests.append(batch) }
    }

    func sample(_ requests: [GenerationRequest]) async throws -> [[Completion]] {
        await log.add(requests)
        return requests.map { request in
            (0..<request.count).map { member in
                let tokens = [Int32(request.stream.row), Int32(request.stream.step), Int32(member)]
                return Completion(
                    tokens: tokens, logProbabilities: [-1, -2, -3],
                    rawLogProbabilities: [-1, -2, -3],
                    finishReason: member == 0 ? .length : .stop)
            }
        }
    }
}

private struct ScriptedFeed: PromptFeed {
    let promptsPerStep = 2

    func prompts(step: Int, round: Int) -> PromptBatch {
        let first = 2 * step + 100 * round
        return PromptBatch(
            prompts: [first, first + 1].map { index in
                EncodedPrompt(
                    row: DatasetRow(index: index, prompt: .text("p"), columns: [:]), text: "p",
                    tokens: [7, Int32(index)])
            }, epoch: Double(step) / 10)
    }
}

/// Keeps groups of odd rows.
private struct OddRows: GroupSelection {
    var batchLimit: Int
    func keeps(_ group: RolloutGroup) -> Bool { !group.prompt.row.index.isMultiple(of: 2) }
}

private struct NumberDecoder: TextDecoding {
    func text(of tokens: [Int32]) -> String { tokens.map(String.init).joined(separator: " ") }
}

/// The last number of the text is the score; a 2 is a failure.
private struct LastNumberGrader: Grader {
    func functions() -> [FunctionInForce] { [.init("last")] }

    func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]] {
        requests.map { request in
            request.completions.map { text in
                let score = Double(text.split(separator: " ").last ?? "") ?? 0
                let reward = Reward(total: score, components: [.init(name: "last", score: score)])
                guard score != 2 else {
                    return .failed(
                        GraderFailure(function: "last", kind: .raised, message: "two"),
                        partial: reward)
                }
                return .scored(reward)
            }
        }
    }
}

private actor RecordingLearner: Learner {
    var batches: [[TrainingSample]] = []
    func update(_ samples: [TrainingSample]) -> OrderedMetrics {
        batches.append(samples)
        return [("loss", 0.5)]
    }
}

private actor EventLog: RunObserver {
    var steps: [StepRecord] = []
    func record(_ event: RunEvent) {
        if case .step(let record) = event { steps.append(record) }
    }
}

@Suite struct GRPOTrainerTests {
    private let sampler = ScriptedSampler(log: .init())
    private let learner = RecordingLearner()
    private let observer = EventLog()

    private func trainer(
        masksTruncated: Bool = false, selection: any GroupSelection = EveryGroup(),
        milestones: any Milestones = NoMilestones()
    ) -> GRPOTrainer {
        GRPOTrainer(
            totalSteps: 3, advantages: AdvantageEstimator(scaling: .none),
            masksTruncated: masksTruncated, feed: ScriptedFeed(),
            rollouts: RolloutMaker(
                groupSize: 4, sampling: SamplingParameters(), seed: 5, sampler: sampler,
                decoder: NumberDecoder(), grader: LastNumberGrader()),
            selection: selection, learner: learner, milestones: milestones, observer: observer)
    }

    @Test func completionsBecomeSamplesWithTheirGroupsAdvantages() async throws {
        try await trainer().run()
        let batches = await learner.batches
        #expect(batches.count == 3)
        // Scores 0, 1, failed, 3: the mean of those that have one is 4/3.
        let first = batches[0].filter { $0.group == 0 }
        #expect(first.map(\.tokens.last) == [0, 1, 3])
        let expected = [0, 1, 3].map { Float(Double($0) - 4.0 / 3) }
        #expect(zip(first.map(\.advantage), expected).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(first.allSatisfy { $0.promptTokens == [7, 2] })
    }

    @Test func metricsCarryTRLsNamesAndCountFailures() async throws {
        try await trainer().run()
        let steps = await observer.steps
        let metrics = Dictionary(uniqueKeysWithValues: steps[0].metrics.map { ($0.name, $0.value) })
        #expect(abs(metrics["reward"]! - 4.0 / 3) < 1e-12)
        #expect(metrics["rewards/failures"] == 2)
        #expect(metrics["frac_reward_zero_std"] == 0)
        #expect(metrics["completions/mean_length"] == 3)
        #expect(metrics["completions/clipped_ratio"] == 0.25)
        #expect(metrics["num_tokens"] == 40)
        #expect(metrics["loss"] == 0.5)
        #expect(steps[0].completions.count == 8)
        #expect(steps[0].completions[2].advantage == nil)
    }

    @Test func truncatedCompletionsCanBeMasked() async throws {
        try await trainer(masksTruncated: true).run()
        let batch = await learner.batches[0]
        #expect(batch[0].isTrained == [false, false, false])
        #expect(batch[1].isTrained == [true, true, true])
    }

    @Test func aResumedRunAsksWhatTheUninterruptedOneWouldHaveAsked() async throws {
        try await trainer().run()
        let whole = await sampler.log.requests
        let second = ScriptedSampler(log: .init())
        var resumed = trainer()
        resumed.rollouts.sampler = second
        try await resumed.run(after: 1)
        #expect(await second.log.requests == Array(whole.dropFirst()))
    }

    @Test func aMilestoneCanEndTheRun() async throws {
        struct AfterTwo: Milestones {
            func begin(after completedSteps: Int) -> Continuation { .goOn }
            func reached(step: Int, isLast: Bool) -> Continuation {
                step == 2 ? .stop(reason: "enough") : .goOn
            }
        }
        #expect(try await trainer(milestones: AfterTwo()).run() == 2)
        #expect(await learner.batches.count == 2)
    }

    @Test func groupsThatAreNotKeptAreReplacedUpToTheLimit() async throws {
        // Each batch has one odd row, so two batches fill a step of two groups.
        try await trainer(selection: OddRows(batchLimit: 5)).run()
        let record = await observer.steps[0]
        let metrics = Dictionary(uniqueKeysWithValues: record.metrics.map { ($0.name, $0.value) })
        #expect(metrics["dynamic_sampling/num_gen_batches"] == 2)
        #expect(metrics["dynamic_sampling/groups"] == 4)
        #expect(metrics["dynamic_sampling/kept_groups"] == 2)
        // Rows 2 to 3 and 102 to 103 were asked, 3 and 103 learnt from; member 2 of each failed.
        #expect(await learner.batches[0].map(\.row) == [3, 3, 3, 103, 103, 103])
        #expect(record.completions.count == 16)
        let rows = record.completions.filter { $0.advantage != nil }.map(\.rollout.row.index)
        #expect(Set(rows) == [3, 103])

        let short = RecordingLearner()
        var limited = trainer(selection: OddRows(batchLimit: 1))
        limited.learner = short
        try await limited.run()
        #expect(await short.batches[0].map(\.row) == [3, 3, 3])
    }
}

@Suite struct InformativeGroupsTests {
    private static func group(_ scores: [Double?], total: Double) -> RolloutGroup {
        let prompt = EncodedPrompt(
            row: DatasetRow(index: 0, prompt: .text("p"), columns: [:]), text: "p", tokens: [1])
        return RolloutGroup(
            prompt: prompt, rollouts: [],
            verdicts: scores.enumerated().map { index, score in
                .scored(
                    Reward(
                        total: total + Double(index),
                        components: [
                            .init(name: "right", score: score),
                            .init(name: "length", score: Double(index)),
                        ]))
            })
    }

    @Test func theNamedRewardMustDifferWhateverTheTotalDoes() {
        let selection = InformativeGroups(component: "right", batchLimit: 3)
        #expect(!selection.keeps(Self.group([1, 1, 1], total: 0)))
        #expect(!selection.keeps(Self.group([0, 0, nil], total: 0)))
        #expect(selection.keeps(Self.group([0, 1, 0], total: 0)))
        // Continuous scores count by any difference.
        #expect(selection.keeps(Self.group([0.5, 0.25, 0.5], total: 0)))
        #expect(!selection.keeps(Self.group([nil, 1, nil], total: 0)))
        #expect(!selection.keeps(Self.group([], total: 0)))
    }
}
