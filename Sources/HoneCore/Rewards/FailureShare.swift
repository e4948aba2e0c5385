/// How often a reward function failed among the latest completions, against the share at which a run
/// stops.
public struct FailureShare: Sendable, Hashable {
    /// Completions that count, the latest.
    public static let window = 256
    /// Nothing is said before so many have been scored.
    public static let least = 64

    /// `max_failure_share`, in (0, 1].
    public let limit: Double
    /// Whether each of the latest completions failed.
    private var recent: [Bool] = []

    public init(limit: Double) { self.limit = limit }

    /// Takes note of completions, in their order.
    public mutating func note(failed: [Bool]) {
        recent += failed
        recent.removeFirst(max(0, recent.count - Self.window))
    }

    /// Completions that count now.
    public var scored: Int { recent.count }
    /// Those of them that failed.
    public var failures: Int { recent.count { $0 } }
    /// Whether a run stops here.
    public var isReached: Bool {
        scored >= Self.least && failures > 0 && Double(failures) >= limit * Double(scored)
    }
}
