import HoneCore

/// One call of a reward function, for the reward log.
public struct RewardLogEntry: Sendable, Hashable {
    public var function: String
    public var step: Int
    public var epoch: Double
    /// `DatasetRow.index` of the row.
    public var row: Int
    /// Position in the group, from 0.
    public var completion: Int
    public var assessment: Assessment

    public init(
        function: String, step: Int, epoch: Double, row: Int, completion: Int,
        assessment: Assessment
    ) {
        self.function = function
        self.step = step
        self.epoch = epoch
        self.row = row
        self.completion = completion
        self.assessment = assessment
    }
}

/// Keeps what reward functions printed, how long they took and how they failed.
public protocol RewardLog: Sendable {
    /// The entries of one group and one function. Called from several tasks at once.
    func record(_ entries: [RewardLogEntry]) async
}
