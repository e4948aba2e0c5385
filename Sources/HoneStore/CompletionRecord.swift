import HoneCore
import OrderedCollections

/// A completion as the store holds it.
public struct CompletionRecord: Sendable, Hashable {
    public var phase: Phase
    public var step: Int
    /// Its place in the step, from 0; members of a group follow each other.
    public var ordinal: Int
    /// Of the dataset.
    public var row: Int
    /// The prompt as the model saw it.
    public var prompt: String
    public var completion: String
    /// 0 in evaluations that an earlier version recorded.
    public var tokens: Int
    /// The total; nil when a failure excluded it or every function abstained.
    public var reward: Double?
    /// By function; nil where it abstained or failed.
    public var rewards: [Component]
    public var advantage: Double?
    public var finishReason: String?
    /// How many updates the weights had seen.
    public var policyVersion: Int?
    /// Where the list goes on after it.
    public var cursor: CompletionCursor

    /// What one function said.
    public struct Component: Sendable, Hashable {
        public var function: String
        /// `format_v2`: the version that scored it.
        public var version: String?
        public var score: Double?
        /// Kind and message of a failure.
        public var failure: String?
    }

    /// As a line of JSON: the keys of a run's `completions.jsonl`, with `phase`, `ordinal`, `versions`,
    /// `failures` and `cursor` beside them.
    public var json: JSONObject {
        var members: JSONObject = [
            "phase": .string(phase.name), "step": .int(step), "ordinal": .int(ordinal),
            "row": .int(row), "prompt": .string(prompt), "completion": .string(completion),
            "tokens": .int(tokens), "finish_reason": finishReason.map(JSONValue.string) ?? .null,
            "policy_version": policyVersion.map(JSONValue.int) ?? .null,
            "reward": reward.map(JSONValue.double) ?? .null,
        ]
        var (versions, failures) = (JSONObject(), JSONObject())
        for component in rewards {
            members["rewards/\(component.function)"] =
                component.score.map(JSONValue.double) ?? .null
            versions[component.function] = component.version.map(JSONValue.string)
            failures[component.function] = component.failure.map(JSONValue.string)
        }
        members["advantage"] = advantage.map(JSONValue.double) ?? .null
        members["versions"] = .object(versions)
        members["failures"] = .object(failures)
        members["cursor"] = .string(cursor.text)
        return members
    }
}
