import Foundation
import HoneCore

/// Group Relative Policy Optimization: the algorithm, and nothing else.
///
/// One step:
/// 1. ask P prompts, G completions each (``RolloutMaker`` over a `Sampler`);
/// 2. score each completion: r_i (a `Grader`);
/// 3. compare it with its group: A_i = (r_i − mean(r)) / std(r) (``AdvantageEstimator``);
/// 4. move the policy π towards the better ones (a `Learner`; ``GRPOObjective`` is its loss):
///    the mean over tokens of −min(ρ_t · A_i, clip(ρ_t, 1 − ε, 1 + ε) · A_i) + β · KL(π ‖ π_ref),
///    with ρ_t = π(o_t) / π_old(o_t).
///
/// Everything heavy hides behind a seam. This file names only values, so it runs in tests without
/// libtorch, and a remote or asynchronous mode is another sampler or learner, not another loop.
///
/// Where we differ from DeepSeekMath's Algorithm 1 (arXiv 2402.03300):
/// - the reference policy stays (the adapter switched off, or a frozen copy) unless `sync_ref_model`
///   lets it follow, and with `beta` 0 there is none;
/// - with one update per batch the importance ratio is 1 by definition, so no pass for old
///   log-probabilities is made;
/// - a completion whose grading failed leaves its group instead of counting as a zero;
/// - completions without advantage cost no backward pass (they still count in the normalisation).
public struct GRPOTrainer: Sendable {
    /// Steps of the whole run.
    public var totalSteps: Int
    /// Turns the rewards of a group into advantages.
    public var advantages: AdvantageEstimator
    /// Leave completions that hit the length limit out of the loss.
    public var masksTruncated: Bool

    /// Which prompts are asked: the dataset's order, or one that remembers what was hard.
    public var feed: any PromptFeed
    /// Draws the completions of a prompt and has them scored.
    public var rollouts: RolloutMaker
    /// Which groups a step learns from: all, or those that tell completions apart.
    public var selection: any GroupSelection
    /// Moves the policy.
    public var learner: any Learner
    /// What happens between steps: evaluation, checkpoints, an early stop.
    public var milestones: any Milestones
    /// Hears of every step.
    public var observer: any RunObserver

    public init(
        totalSteps: Int, advantages: AdvantageEstimator, masksTruncated: Bool,
        feed: any PromptFeed, rollouts: RolloutMaker,
        selection: any GroupSelection = EveryGroup(), learner: any Learner,
        milestones: any Milestones = NoMilestones(), observer: any RunObserver
    ) {
        self.totalSteps = totalSteps
        self.advantages = advantages
        self.masksTruncated = masksTruncated
        self.feed = feed
        self.rollouts = rollouts
        self.selection = selection
        self.learner = learner
        self.milestones = milestones
        self.observer = observer
    }

    /// Trains from the step after `completedSteps` to ``totalSteps``, or until a milestone says stop.
    /// - Returns: the last step made.
    @discardableResult
    public func run(after completedSteps: Int = 0) async throws -> Int {
        try await TrainingLoop(totalSteps: totalSteps, milestones: milestones, observer: observer)
            .run(after: completedSteps, advance: advance)
    }

    /// One step of the algorithm.
    func advance(_ step: Int) async throws -> StepRecord {
        var clock = PhaseClock()
        let functions = try await functions(inForceAt: step)
        let harvest = try await harvest(step, &clock)  // [P][G], drawn and graded
        let advantages = advantages.weighted(by: functions.map(\.weight))
            .advantages(of: harvest.kept.map(\.verdicts))  // [P][G]
        let samples = trainingSamples(harvest.kept, advantages)
        let update = try await learner.update(samples)
        clock.lap(.update)

        let learnt = await feed.learn(from: harvest.asked, step: step)
        let summary = RolloutSummary(groups: harvest.asked, functions: functions)
        let updated = samples.reduce(0) { $0 + $1.tokens.count }
        return StepRecord(
            step: step,
            metrics: [("epoch", harvest.epoch)] + summary.metrics + harvest.metrics + learnt
                + (await rollouts.grader.takeMetrics()) + update
                + clock.metrics(generated: summary.completionTokens, updated: updated),
            completions: harvest.records(advantages))
    }

    /// The reward functions of `step`; what comes into force with it is told to whoever watches.
    private func functions(inForceAt step: Int) async throws -> [FunctionInForce] {
        if let change = try await rollouts.grader.begin(step: step) {
            await observer.record(.rewardsChanged(change))
        }
        return await rollouts.grader.functions()
    }

    /// Asks prompts until there are P groups to learn from, or the selection has seen enough.
    private func harvest(_ step: Int, _ clock: inout PhaseClock) async throws -> Harvest {
        var harvest = Harvest(wanted: feed.promptsPerStep, selection: selection)
        while harvest.wantsMore {
            let batch = try await feed.prompts(step: step, round: harvest.rounds)
            if batch.prompts.isEmpty { break }
            let (groups, waited) = try await rollouts.groups(
                of: batch.prompts,
                at: RolloutMaker.Moment(step: step, draw: step, epoch: batch.epoch))
            clock.lap(.generate, ofWhich: waited, .grade)
            harvest.add(groups, epoch: batch.epoch)
        }
        return harvest
    }

    /// At most P · G samples, group by group: the completions that kept a reward.
    private func trainingSamples(
        _ groups: [RolloutGroup], _ advantages: [[Float?]]
    ) -> [TrainingSample] {
        zip(groups, advantages).enumerated().flatMap { index, members in
            let (group, advantages) = members
            return group.rollouts.indices.compactMap { member -> TrainingSample? in
                guard let advantage = advantages[member],
                    let reward = group.verdicts[member].reward?.total
                else { return nil }
                let rollout = group.rollouts[member]
                let completion = rollout.completion
                let isTrained = !(masksTruncated && completion.finishReason == .length)
                return TrainingSample(
                    promptTokens: rollout.promptTokens, tokens: completion.tokens,
                    isTrained: Array(repeating: isTrained, count: completion.tokens.count),
                    behaviourLogProbabilities: completion.logProbabilities,
                    advantage: advantage, reward: reward, group: index, row: rollout.row.index)
            }
        }
    }
}
