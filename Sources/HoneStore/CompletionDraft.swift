import HoneCore
import OrderedCollections

/// A completion on its way into the store.
struct CompletionDraft {
    /// Of the dataset.
    var row: Int
    /// ``promptDocument(text:messages:columns:)`` as bytes.
    var prompt: [UInt8]
    /// What is shown of the completion: text, rewards, failures, advantage, finish reason, version.
    var document: [UInt8]
    var tokens: Int
    var reward: Double?
    /// The kind of the first failure among its rewards.
    var failure: String?

    /// `{"prompt", "messages"?, "columns"}`: all that grading the row again needs.
    static func promptDocument(
        text: String, prompt: DatasetRow.Prompt, columns: JSONObject
    ) -> [UInt8] {
        var document: JSONObject = ["prompt": .string(text)]
        if case .messages(let messages) = prompt {
            document["messages"] = .array(messages.map(\.json))
        }
        document["columns"] = .object(columns)
        return Array(JSONValue.object(document).text().utf8)
    }

    /// A member of a training group; `prompt` is its document, which the group shares.
    init(_ graded: GradedRollout, prompt: [UInt8]) {
        let completion = graded.rollout.completion
        self.init(
            row: graded.rollout.row.index, prompt: prompt, text: graded.rollout.text,
            verdict: graded.verdict, tokens: completion.tokens.count,
            rest: [
                "advantage": graded.advantage.map { .double(Double($0)) } ?? .null,
                "finish_reason": .string(completion.finishReason.rawValue),
                "policy_version": .int(completion.policyVersion),
            ])
    }

    /// A completion of an evaluation, which has no advantage.
    init(_ sample: EvaluationSample, prompt: [UInt8]) {
        self.init(
            row: sample.row.index, prompt: prompt, text: sample.completion,
            verdict: sample.verdict, tokens: sample.tokens,
            rest: [
                "finish_reason": .string(sample.finishReason.rawValue),
                "policy_version": .int(sample.policyVersion),
            ])
    }

    private init(
        row: Int, prompt: [UInt8], text: String, verdict: Verdict, tokens: Int, rest: JSONObject
    ) {
        var document: JSONObject = ["completion": .string(text)]
        var (rewards, failures) = (JSONObject(), JSONObject())
        for component in verdict.components {
            rewards[component.name] = component.score.map { .double($0) } ?? .null
        }
        for failure in verdict.failures { failures[failure.function] = failure.json }
        document["rewards"] = .object(rewards)
        if !failures.isEmpty { document["failures"] = .object(failures) }
        for (key, value) in rest { document[key] = value }
        self.init(
            row: row, prompt: prompt, document: Array(JSONValue.object(document).text().utf8),
            tokens: tokens, reward: verdict.reward?.total,
            failure: verdict.failure?.kind.rawValue ?? failures.values.first?["kind"]?.stringValue)
    }

    init(
        row: Int, prompt: [UInt8], document: [UInt8], tokens: Int, reward: Double?,
        failure: String?
    ) {
        self.row = row
        self.prompt = prompt
        self.document = document
        self.tokens = tokens
        self.reward = reward
        self.failure = failure
    }
}
