import OrderedCollections

/// One turn of a conversation, as a chat template sees it.
public struct ChatMessage: Sendable, Hashable {
    /// `system`, `user`, `assistant`, `tool`, or whatever the model's template knows.
    public var role: String
    public var content: String
    /// Further members of the row (`name`, `tool_calls`, …), handed to the template untouched.
    public var extra: JSONObject

    public init(role: String, content: String, extra: JSONObject = [:]) {
        self.role = role
        self.content = content
        self.extra = extra
    }

    /// The object a chat template works on: `role`, `content`, then the extra members.
    public var json: JSONValue {
        var members: JSONObject = ["role": .string(role), "content": .string(content)]
        for (key, value) in extra { members[key] = value }
        return .object(members)
    }

    /// The message that ``json`` wrote.
    public init(json members: JSONObject) {
        self.init(
            role: members["role"]?.stringValue ?? "",
            content: members["content"]?.stringValue ?? "",
            extra: members.filter { $0.key != "role" && $0.key != "content" })
    }
}
