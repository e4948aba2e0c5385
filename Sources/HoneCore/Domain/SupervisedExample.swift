/// A token sequence and which of its tokens are to be learnt.
public struct SupervisedExample: Sendable, Hashable {
    /// [T]
    public var tokens: [Int32]
    /// [T] whether the token is predicted in the loss; the first never is.
    public var isTrained: [Bool]
    /// The dataset row that it is of; `nil` for one that is made up.
    public var row: Int?

    public init(tokens: [Int32], isTrained: [Bool], row: Int? = nil) {
        self.tokens = tokens
        self.isTrained = isTrained
        self.row = row
    }
}

/// Says which examples a supervised step learns from.
public protocol ExampleFeed: Sendable {
    /// The examples of `step` (from 1), the same ones however often it is asked.
    func examples(step: Int) throws -> [SupervisedExample]
    /// Passes over the dataset completed before `step`, fractional.
    func epoch(step: Int) -> Double
}
