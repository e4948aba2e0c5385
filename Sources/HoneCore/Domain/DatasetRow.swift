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
