import OrderedCollections

/// Reward functions that came into force in a run, and from when.
public struct RewardChange: Sendable, Hashable {
    /// Of the proposal that asked for it.
    public var id: String
    public var reason: Reason
    /// The first step that they score; 0 for what the run began with.
    public var firstStep: Int
    /// All functions from then on, in the order of the total.
    public var inForce: [VersionedReward]

    public init(id: String, reason: Reason, firstStep: Int, inForce: [VersionedReward]) {
        self.id = id
        self.reason = reason
        self.firstStep = firstStep
        self.inForce = inForce
    }

    /// Who asked for a change.
    public enum Reason: String, Sendable, Hashable, CaseIterable, Codable {
        /// Nobody: the run began.
        case start
        case update
        /// Back to an earlier version.
        case revert
        /// A watched file changed.
        case watch
    }

    /// Names of the versions in force, in their order.
    public var names: [String] { inForce.map(\.name) }
}

extension RewardChange {
    /// What ``init(json:)`` reads back.
    public var json: JSONValue {
        [
            "id": .string(id), "reason": .string(reason.rawValue), "first_step": .int(firstStep),
            "in_force": .array(inForce.map(\.json)),
        ]
    }

    /// - Throws: ``RewardRecordError/unreadable(_:)``
    public init(json: JSONValue) throws(RewardRecordError) {
        guard let id = json["id"]?.stringValue,
            let reason = json["reason"]?.stringValue.flatMap(Reason.init),
            let firstStep = json["first_step"]?.intValue,
            let entries = json["in_force"]?.arrayValue
        else { throw .unreadable("a change of reward functions") }
        var inForce: [VersionedReward] = []
        for entry in entries { inForce.append(try VersionedReward(json: entry)) }
        self.init(id: id, reason: reason, firstStep: firstStep, inForce: inForce)
    }
}
