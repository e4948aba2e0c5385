import OrderedCollections

/// What one reward function says of one completion.
public enum Score: Sendable, Hashable {
    case value(Double)
    /// The function does not apply to this row; it takes no part in the total.
    case abstained
    /// The function could not say. A failure is not a zero.
    case failed(GraderFailure)
}

/// The combined reward of one completion.
public struct Reward: Sendable, Hashable {
    /// Σ weight · score over the functions that did not abstain.
    public var total: Double
    /// Unweighted score by function, in the order the recipe names them; `nil` where it abstained.
    public var components: [Component]

    public struct Component: Sendable, Hashable {
        public var name: String
        public var score: Double?
        /// Why the function gave no score of its own; with `on_error: zero` the score is 0 beside it.
        public var failure: GraderFailure?

        public init(name: String, score: Double?, failure: GraderFailure? = nil) {
            self.name = name
            self.score = score
            self.failure = failure
        }
    }

    public init(total: Double, components: [Component]) {
        self.total = total
        self.components = components
    }
}

/// What all reward functions together say of one completion.
public enum Verdict: Sendable, Hashable {
    case scored(Reward)
    /// Every function abstained.
    case abstained
    /// At least one function failed and its `on_error` excludes the completion. The other
    /// functions' scores are kept for the record.
    case failed(GraderFailure, partial: Reward)

    public var reward: Reward? {
        guard case .scored(let reward) = self else { return nil }
        return reward
    }
}

/// Why a reward function gave no score.
public struct GraderFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reward function's name in the recipe.
    public var function: String
    public var kind: Kind
    /// One sentence; for a raised exception its type and text with file and line.
    public var message: String
    /// The tail of what the function's process wrote to standard error.
    public var detail: String

    public enum Kind: String, Sendable, Hashable, Codable {
        case raised, timedOut, crashed, notFinite, outOfMemory, tooManyProcesses, unavailable
    }

    public init(function: String, kind: Kind, message: String, detail: String = "") {
        self.function = function
        self.kind = kind
        self.message = message
        self.detail = detail
    }

    public var description: String { "reward function \(function) \(kind.rawValue): \(message)" }

    /// `{"kind", "message", "detail"?}`, as records keep it beside the function's name.
    public var json: JSONValue {
        var members: JSONObject = [
            "kind": .string(kind.rawValue), "message": .string(message),
        ]
        if !detail.isEmpty { members["detail"] = .string(detail) }
        return .object(members)
    }
}

extension Verdict {
    /// The scores that were given, also when the whole failed.
    public var components: [Reward.Component] {
        switch self {
        case .scored(let reward): reward.components
        case .failed(_, let partial): partial.components
        case .abstained: []
        }
    }

    public var failure: GraderFailure? {
        guard case .failed(let failure, _) = self else { return nil }
        return failure
    }

    /// Every failure, also those that did not exclude the completion, at most one of each function.
    public var failures: [GraderFailure] {
        var failures = components.compactMap(\.failure)
        if let failure, !failures.contains(where: { $0.function == failure.function }) {
            failures.append(failure)
        }
        return failures
    }
}
