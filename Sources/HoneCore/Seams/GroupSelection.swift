/// Decides which groups a step learns from, and how long it looks for them.
public protocol GroupSelection: Sendable {
    /// Batches of prompts a step asks at most. From 1.
    var batchLimit: Int { get }
    /// Whether the step learns from `group`.
    func keeps(_ group: RolloutGroup) -> Bool
}

/// Learns from every group of one batch: GRPO as it was published.
public struct EveryGroup: GroupSelection {
    public let batchLimit = 1

    public init() {}

    public func keeps(_ group: RolloutGroup) -> Bool { true }
}

/// Dynamic sampling: learns only from groups in which one named reward function tells completions
/// apart, and asks further prompts until there are as many such groups as a step needs.
///
/// Source: DAPO (arXiv 2503.14476, equation 11), which asks for 0 < correct < G. Here any difference
/// between scores is a signal, so functions with more than two values work as well. The function is
/// named, because a filter on the total lets a shaping term such as length keep every group alive.
///
/// Where we differ: a step that has reached the limit learns from what it found, where verl stops the
/// run; groups beyond the number needed are dropped in the order they were asked.
public struct InformativeGroups: GroupSelection {
    /// Name of the reward function whose scores must differ.
    public var component: String
    public var batchLimit: Int

    /// - Parameters:
    ///   - component: the name of a reward function.
    ///   - batchLimit: batches of prompts a step asks at most, from 1.
    public init(component: String, batchLimit: Int) {
        self.component = component
        self.batchLimit = batchLimit
    }

    public func keeps(_ group: RolloutGroup) -> Bool {
        let scores = group.scores(of: component)
        return scores.contains { $0 != scores.first }
    }
}
