import HoneCore
import OrderedCollections

/// Conversations in a row: a list of `{"role": …, "content": …}`.
enum Conversation {
    /// The turns in `column` of `row`.
    /// - Throws: ``DatasetError/BadRow`` when it is not a list of turns with a text each.
    static func messages(of row: SourceRow, in column: String) throws(DatasetError.BadRow)
        -> [ChatMessage]
    {
        guard let items = row.columns[column]?.arrayValue else {
            let kind = row.columns[column]?.kind ?? "absent"
            throw row.bad("\(column) is \(kind); expected a list of {\"role\", \"content\"}")
        }
        guard !items.isEmpty else { throw row.bad("\(column) is an empty list") }
        var messages: [ChatMessage] = []
        for (position, item) in items.enumerated() {
            let place = "\(column)[\(position)]"
            guard var members = item.objectValue else {
                throw row.bad("\(place) is \(item.kind); expected {\"role\", \"content\"}")
            }
            guard let role = members.removeValue(forKey: "role")?.stringValue else {
                throw row.bad("\(place) has no role that is a string")
            }
            guard let content = members.removeValue(forKey: "content")?.stringValue else {
                throw row.bad("\(place) has no content that is a string")
            }
            messages.append(ChatMessage(role: role, content: content, extra: members))
        }
        return messages
    }
}
