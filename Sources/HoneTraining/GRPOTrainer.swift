import Foundation
import HoneCore

/// Group Relative Policy Optimization: the algorithm, and nothing else.
///
/// One step: ask some prompts G times each, score the completions, compare each with its group, and
/// move the policy towards the better ones. Everything heavy hides behind a seam: `Sampler` draws,
/// `Grader` scores, `Learner` updates. This file names only values, so it runs in tests without
/// libtorch, and a remote or asynchronous mode is another sampler or learner, not another loop.
///
/// Where we differ from DeepSeekMath's Algorithm 1 (arXiv 2402.03300):
/// - the reference policy is fixed (the adapter switched off, or a frozen copy), and with `beta` 0
///   there is none;
/// - with one update per batch the importance ratio is 1 by definition, so no pass for old
///   log-probabilities is made;
/// - a completion whose grading failed leaves its group instead of counting as a zero;
/// - completions without advantage cost no backward pass (they still count in the normalisation).
public struct GRPOTrainer: Sendable {
    public var totalSteps: Int
    /// G, the size of a group.
    public var numGenerations: Int
    public var sampling: SamplingParameters
    public var seed: UInt64
    public var advantages: AdvantageEstimator
    /// Leave completions that hit the length limit out of the loss.
    public var masksTruncated: Bool

    public var feed: any PromptFeed
    public var sampler: any Sampler
    public var decoder: any TextDecoding
    public var grader: any Grader
    public var learner: any Learner
    /// What happens between steps: evaluation, checkpoints.
    public var milestones: Milestones
    public var observer: any RunObserver

    public init(
        totalSteps: Int, numGenerations: Int, sampling: SamplingParameters, seed: UInt64,
        advantages: AdvantageEstimator, masksTruncated: Bool, feed: any PromptFeed,
        sampler: any Sampler, decoder: any TextDecoding, grader: any Grader,
        learner: any Learner, milestones: Milestones, observer: any RunObserver
    ) {
        self.totalSteps = totalSteps
        self.numGenerations = numGenerations
        self.sampling = sampling
        self.seed = seed
        self.advantages = advantages
        self.masksTruncated = masksTruncated
        self.feed = feed
        self.sampler = sampler
        self.decoder = decoder
        self.grader = grader
        self.learner = learner
        self.milestones = milestones
        self.observer = observer
    }

    /// Trains from the step after `completedSteps` to ``totalSteps``.
    public func run(after completedSteps: Int = 0) async throws {
        try await milestones.begin(after: completedSteps)
        for step in stride(from: completedSteps + 1, through: totalSteps, by: 1) {
            try Task.checkCancellation()
            await observer.record(.step(try await advance(step)))
            try await milestones.reached(step: step, isLast: step == totalSteps)
        }
    }

    /// One step of the algorithm.
    func advance(_ step: Int) async throws -> StepRecord {
        var clock = PhaseClock()

        let prompts = try feed.prompts(step: step)  // [P]
        let completions = try await sampler.sample(requests(for: prompts, step: step))  // [P][G]
        clock.lap(.generate)

        let rollouts = zip(prompts, completions).map { prompt, group in
            group.map { rollout(of: prompt, $0) }
        }
        let verdicts = try await grader.grade(gradingRequests(for: rollouts, step: step))
        clock.lap(.grade)

        let advantages = advantages.advantages(of: verdicts)
        let samples = trainingSamples(rollouts, verdicts, advantages)
        let update = try await learner.update(samples)
        clock.lap(.update)

        let summary = RolloutSummary(
            rollouts: rollouts, verdicts: verdicts, componentNames: grader.componentNames)
        let updated = samples.reduce(0) { $0 + $1.tokens.count }
        return StepRecord(
            step: step,
            metrics: [("epoch", feed.epoch(step: step))] + summary.metrics + update
                + clock.metrics(generated: summary.completionTokens, updated: updated),
            completions: zip(zip(rollouts, verdicts), advantages).flatMap { group, advantages in
                zip(zip(group.0, group.1), advantages).map {
                    GradedRollout(rollout: $0.0, verdict: $0.1, advantage: $1)
                }
            })
    }

    private func requests(for prompts: [EncodedPrompt], step: Int) -> [GenerationRequest] {
        prompts.map { prompt in
            GenerationRequest(
                promptTokens: prompt.tokens, count: numGenerations, parameters: sampling,
                stream: RandomStream(seed: seed, step: step, row: prompt.row.index))
        }
    }

    private func rollout(of prompt: EncodedPrompt, _ completion: Completion) -> Rollout {
        Rollout(
            row: prompt.row, promptText: prompt.text, promptTokens: prompt.tokens,
            completion: completion, text: decoder.text(of: completion.tokens))
    }

    private func gradingRequests(for groups: [[Rollout]], step: Int) -> [GradingRequest] {
        groups.map { group in
            GradingRequest(
                row: group[0].row, prompt: group[0].promptText, completions: group.map(\.text),
                tokenCounts: group.map(\.completion.tokens.count), step: step,
                epoch: feed.epoch(step: step))
        }
    }

    /// Completions that kept a reward, group by group.
    private func trainingSamples(
        _ groups: [[Rollout]], _ verdicts: [[Verdict]], _ advantages: [[Float?]]
    ) -> [TrainingSample] {
        zip(zip(groups, verdicts), advantages).enumerated().flatMap { group, members in
            zip(zip(members.0.0, members.0.1), members.1).compactMap { judged, advantage in
                let (rollout, verdict) = judged
                guard let advantage, let reward = verdict.reward?.total else { return nil }
                let completion = rollout.completion
                let isTrained = !(masksTruncated && completion.finishReason == .length)
                return TrainingSample(
                    promptTokens: rollout.promptTokens, tokens: completion.tokens,
                    isTrained: Array(repeating: isTrained, count: completion.tokens.count),
                    behaviourLogProbabilities: completion.logProbabilities,
                    advantage: advantage, reward: reward, group: group)
            }
        }
    }
}
