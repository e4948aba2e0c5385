/// Which completions of a run, in which order, from where.
public struct CompletionQuery: Sendable, Hashable {
    public var phase = Phase.training
    /// Steps from and to, both included; nil leaves the side open.
    public var firstStep: Int?
    public var lastStep: Int?
    /// Total rewards from and to, both included. A completion without a reward is in no range.
    public var leastReward: Double?
    public var mostReward: Double?
    public var failure = FailureFilter.anything
    /// Only those of one row of the dataset.
    public var row: Int?
    public var order = Order.step
    public var direction = Direction.ascending
    /// Begin after this row of the page before.
    public var after: CompletionCursor?
    /// At most this many, from 1.
    public var limit = 50

    public init() {}

    /// Whether a reward function failed.
    public enum FailureFilter: Sendable, Hashable {
        case anything
        case failed
        /// The first failure is of this kind: `raised`, `timedOut`, ….
        case kind(String)
    }

    public enum Order: String, Sendable, Hashable, CaseIterable {
        /// As they were drawn.
        case step
        /// By total reward; those without one are left out.
        case reward
        /// By number of tokens.
        case length
    }

    public enum Direction: String, Sendable, Hashable, CaseIterable {
        case ascending, descending
    }
}

/// A place in a list of completions: pages begin after it, however much was written since.
public struct CompletionCursor: Sendable, Hashable {
    /// What the list is ordered by; nil when by step.
    var value: Double?
    var step: Int
    var ordinal: Int

    init(value: Double?, step: Int, ordinal: Int) {
        self.value = value
        self.step = step
        self.ordinal = ordinal
    }

    /// Reads what ``text`` wrote for a list in the order `order`.
    public init(_ text: String, order: CompletionQuery.Order) throws(StoreError) {
        let parts = text.split(separator: ":")
        let value = parts.count == 3 ? Double(parts[0]) : nil
        guard parts.count == (order == .step ? 2 : 3), let ordinal = Int(parts[parts.count - 1]),
            let step = Int(parts[parts.count - 2]), order == .step || value != nil
        else { throw .badCursor(text: text) }
        self.init(value: value, step: step, ordinal: ordinal)
    }

    public var text: String {
        (value.map { "\($0):" } ?? "") + "\(step):\(ordinal)"
    }
}
