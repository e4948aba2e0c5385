import HoneCore

/// A score with what is known about how it came about.
public struct Assessment: Sendable, Hashable {
    public var score: Score
    /// What the function printed while it scored this completion.
    public var output: String
    /// Something the author should know, though a score exists: a value that was no number.
    public var warning: String?
    /// How long the call took; `nil` where it was not measured on its own.
    public var seconds: Double?

    public init(score: Score, output: String = "", warning: String? = nil, seconds: Double? = nil) {
        self.score = score
        self.output = output
        self.warning = warning
        self.seconds = seconds
    }
}

/// A reward function that also tells what it printed and how long each call took.
public protocol AssessingRewardFunction: RewardFunction {
    /// One assessment per completion, in their order.
    func assess(_ request: GradingRequest) async -> [Assessment]
}

extension AssessingRewardFunction {
    public func score(_ request: GradingRequest) async -> [Score] {
        await assess(request).map(\.score)
    }
}

extension RewardFunction {
    /// What the function says, with what is known beside the scores.
    func assessments(of request: GradingRequest) async -> [Assessment] {
        if let function = self as? any AssessingRewardFunction {
            await function.assess(request)
        } else {
            await score(request).map { Assessment(score: $0) }
        }
    }
}
