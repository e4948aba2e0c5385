import OrderedCollections

/// One problem of a dataset: what the model is asked, and the columns that graders may look at.
public struct DatasetRow: Sendable, Hashable {
    /// Position in the dataset before shuffling, from 0. It identifies the row in logs and in
    /// random draws, so a reordered run still samples each row the same way.
    public var index: Int
    public var prompt: Prompt
    /// Every column of the source row in its order, including those that made the prompt.
    public var columns: JSONObject

    /// What the model is asked.
    public enum Prompt: Sendable, Hashable {
        /// Encoded as it is.
        case text(String)
        /// Passed through the model's chat template. A last message of the assistant is a prefill
        /// that the completion continues.
        case messages([ChatMessage])
    }

    public init(index: Int, prompt: Prompt, columns: JSONObject) {
        self.index = index
        self.prompt = prompt
        self.columns = columns
    }
}

extension DatasetRow {
    /// `{"row", "prompt" | "messages", "columns"}`, which ``init(json:)`` reads back.
    public var json: JSONObject {
        var members: JSONObject = ["row": .int(index)]
        switch prompt {
        case .text(let text): members["prompt"] = .string(text)
        case .messages(let messages): members["messages"] = .array(messages.map(\.json))
        }
        members["columns"] = .object(columns)
        return members
    }

    /// The row that ``json`` wrote; `nil` where a member is missing.
    public init?(json members: JSONObject) {
        guard let index = members["row"]?.intValue, let columns = members["columns"]?.objectValue
        else { return nil }
        let prompt: Prompt
        if let messages = members["messages"]?.arrayValue {
            prompt = .messages(messages.compactMap(\.objectValue).map(ChatMessage.init(json:)))
        } else if let text = members["prompt"]?.stringValue {
            prompt = .text(text)
        } else {
            return nil
        }
        self.init(index: index, prompt: prompt, columns: columns)
    }
}
