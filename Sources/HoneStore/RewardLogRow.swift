import HoneCore
import OrderedCollections

/// A line of a run's reward log: a call that printed something, failed, or returned no number.
public struct RewardLogRow: Sendable, Hashable {
    /// As `rewards.jsonl` writes it: `step`, `epoch`, `row`, `completion`, `function`, and where they
    /// apply `score`, `failure`, `detail`, `warning`, `output`, `seconds`.
    public var json: JSONObject

    public init(_ json: JSONObject) { self.json = json }

    public var step: Int { json["step"]?.intValue ?? 0 }
    public var function: String { json["function"]?.stringValue ?? "" }
    public var hasFailed: Bool { json["failure"] != nil }
}
