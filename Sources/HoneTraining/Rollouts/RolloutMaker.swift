import HoneCore

/// Makes graded groups of prompts: draws G completions of each, turns them into text, has them scored.
///
/// A group is graded as soon as its last completion has ended, while others are still being drawn. What
/// comes out does not depend on it: groups stand in the order of their prompts.
public struct RolloutMaker: Sendable {
    /// G, completions of each prompt.
    public var groupSize: Int
    public var sampling: SamplingParameters
    public var purpose: GenerationRequest.Purpose
    public var seed: UInt64
    public var sampler: any Sampler
    public var decoder: any TextDecoding
    public var grader: any Grader

    public init(
        groupSize: Int, sampling: SamplingParameters,
        purpose: GenerationRequest.Purpose = .training, seed: UInt64, sampler: any Sampler,
        decoder: any TextDecoding, grader: any Grader
    ) {
        self.groupSize = groupSize
        self.sampling = sampling
        self.purpose = purpose
        self.seed = seed
        self.sampler = sampler
        self.decoder = decoder
        self.grader = grader
    }

    /// When completions are drawn and what graders are told of it.
    struct Moment: Sendable {
        /// As reward functions see it.
        var step: Int
        /// As random numbers see it: the same draw gives the same numbers.
        var draw: Int
        var epoch: Double
    }

    /// The groups of `prompts`, and the seconds spent waiting for grades after the last completion.
    func groups(
        of prompts: [EncodedPrompt], at moment: Moment
    ) async throws -> (groups: [RolloutGroup], waited: Double) {
        let clock = ContinuousClock()
        return try await withThrowingTaskGroup(of: (Int, RolloutGroup).self) { grading in
            let (finished, arrival) = AsyncStream.makeStream(of: (Int, [Completion]).self)
            async let drawn = draw(prompts, moment, arrival)
            for await (place, completions) in finished {
                grading.addTask {
                    (place, try await graded(prompts[place], completions, moment))
                }
            }
            _ = try await drawn
            let end = clock.now
            var groups: [RolloutGroup?] = prompts.map { _ in nil }
            for try await (place, group) in grading { groups[place] = group }
            return (groups.compactMap { $0 }, (clock.now - end).seconds)
        }
    }

    private func draw(
        _ prompts: [EncodedPrompt], _ moment: Moment,
        _ arrival: AsyncStream<(Int, [Completion])>.Continuation
    ) async throws -> [[Completion]] {
        defer { arrival.finish() }
        let requests = prompts.map { prompt in
            GenerationRequest(
                promptTokens: prompt.tokens, count: groupSize, parameters: sampling,
                stream: RandomStream(seed: seed, step: moment.draw, row: prompt.row.index),
                purpose: purpose)
        }
        return try await sampler.sample(requests) { arrival.yield(($0, $1)) }
    }

    private func graded(
        _ prompt: EncodedPrompt, _ completions: [Completion], _ moment: Moment
    ) async throws -> RolloutGroup {
        let rollouts = completions.map { completion in
            Rollout(
                row: prompt.row, promptText: prompt.text, promptTokens: prompt.tokens,
                completion: completion, text: decoder.text(of: completion.tokens))
        }
        let request = GradingRequest(
            row: prompt.row, prompt: prompt.text, completions: rollouts.map(\.text),
            tokenCounts: completions.map(\.tokens.count), step: moment.step, epoch: moment.epoch)
        let verdicts = try await grader.grade([request])
        return RolloutGroup(prompt: prompt, rollouts: rollouts, verdicts: verdicts[0])
    }
}
