import HoneCore

/// A reward function that also has metrics of its own: what a judge cost, how long it took.
public protocol MeasuredRewardFunction: RewardFunction {
    /// The metrics since they were last taken.
    func takeMetrics() async -> OrderedMetrics
}
