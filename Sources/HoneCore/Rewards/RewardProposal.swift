import OrderedCollections

/// Reward functions that somebody wants in force in a run.
public struct RewardProposal: Sendable, Hashable {
    /// Unique within the run; proposals are taken in the order of their ids.
    public var id: String
    public var reason: RewardChange.Reason
    /// Names of the versions that were in force when it was made: it is refused if others are by now.
    public var basis: [String]
    /// All functions, in the order of the total; their numbers do not matter.
    public var functions: [VersionedReward]
    /// How many of the latest completions it is tried on, from 1; whole steps are taken.
    public var completions: Int
    public var intent: Intent

    public enum Intent: String, Sendable, Hashable, CaseIterable {
        /// Try it, and put it in force if it holds.
        case apply
        /// Try it only.
        case trial
    }

    public init(
        id: String, reason: RewardChange.Reason, basis: [String], functions: [VersionedReward],
        completions: Int, intent: Intent
    ) {
        self.id = id
        self.reason = reason
        self.basis = basis
        self.functions = functions
        self.completions = completions
        self.intent = intent
    }
}

extension RewardProposal {
    /// What ``init(json:)`` reads back.
    public var json: JSONValue {
        [
            "id": .string(id), "reason": .string(reason.rawValue),
            "basis": .array(basis.map(JSONValue.string)),
            "functions": .array(functions.map(\.json)), "completions": .int(completions),
            "intent": .string(intent.rawValue),
        ]
    }

    /// - Throws: ``RewardRecordError/unreadable(_:)``
    public init(json: JSONValue) throws(RewardRecordError) {
        guard let id = json["id"]?.stringValue,
            let reason = json["reason"]?.stringValue.flatMap(RewardChange.Reason.init),
            let basis = json["basis"]?.arrayValue, let entries = json["functions"]?.arrayValue,
            let completions = json["completions"]?.intValue,
            let intent = json["intent"]?.stringValue.flatMap(Intent.init)
        else { throw .unreadable("a proposal of reward functions") }
        var functions: [VersionedReward] = []
        for entry in entries { functions.append(try VersionedReward(json: entry)) }
        self.init(
            id: id, reason: reason, basis: basis.compactMap(\.stringValue), functions: functions,
            completions: completions, intent: intent)
    }
}

/// What became of a proposal so far.
public struct RewardAnswer: Sendable, Hashable, Codable {
    public var id: String
    /// Who asked for the change; `nil` where the proposal could not be read, or an earlier version
    /// answered.
    public var asked: RewardChange.Reason?
    public var state: State
    /// Why it was refused; `nil` otherwise.
    public var reason: String?
    /// Names of the versions it would put in force, in their order; empty when it could not be read.
    public var versions: [String]
    /// Those of ``versions`` that are not in force now.
    public var changed: [String]
    /// The first step that they score, once they are in force.
    public var firstStep: Int?
    /// What trying it out showed; `nil` when it was refused before.
    public var trial: RewardComparison?
    /// What a person should know of it besides.
    public var notes: [String] = []

    public enum State: String, Sendable, Hashable, Codable {
        case refused
        /// It holds, and that was all that was asked.
        case tried
        /// It holds, and comes into force with the next step.
        case accepted
        case applied

        /// Whether nothing more will be said.
        public var isFinal: Bool { self != .accepted }
    }

    public init(
        id: String, asked: RewardChange.Reason?, state: State, reason: String? = nil,
        versions: [String] = [], changed: [String] = [], firstStep: Int? = nil,
        trial: RewardComparison? = nil
    ) {
        self.id = id
        self.asked = asked
        self.state = state
        self.reason = reason
        self.versions = versions
        self.changed = changed
        self.firstStep = firstStep
        self.trial = trial
    }
}

extension RewardAnswer {
    /// This answer with what `former`, to the same proposal, told of its trial: a process that was killed
    /// between putting functions in force and saying so only knows that they are.
    public func keeping(_ former: RewardAnswer?) -> RewardAnswer {
        guard trial == nil, let former, former.trial != nil else { return self }
        var answer = self
        answer.trial = former.trial
        answer.changed = former.changed
        answer.notes = former.notes
        return answer
    }
}
