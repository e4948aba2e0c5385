/// All completions of one prompt in a step, graded: what GRPO compares with each other.
public struct RolloutGroup: Sendable, Hashable {
    public var prompt: EncodedPrompt
    /// [G]
    public var rollouts: [Rollout]
    /// [G] in the order of ``rollouts``.
    public var verdicts: [Verdict]

    public init(prompt: EncodedPrompt, rollouts: [Rollout], verdicts: [Verdict]) {
        self.prompt = prompt
        self.rollouts = rollouts
        self.verdicts = verdicts
    }

    /// [G] the total of each member; `nil` where it has none.
    public var rewards: [Double?] { verdicts.map { $0.reward?.total } }

    /// The scores that the reward function of that name gave, without those it owes.
    public func scores(of component: String) -> [Double] {
        verdicts.compactMap { verdict in
            verdict.components.first { $0.name == component }?.score
        }
    }
}
