import HoneCore

/// The answer as Cloudera's GRPO guide takes it out of a completion.
enum GuideAnswer {
    /// What follows the last `<tag>`, or the whole text without one, up to the first `</tag>` behind it;
    /// stripped. The guide's `extract_xml_answer`.
    static func text(in completion: String, tag: String) -> String {
        let bytes = Array(completion.utf8)
        let tags = TaggedText(tag: tag)
        let start = bytes.lastIndex(of: tags.opening).map { $0 + tags.opening.count } ?? 0
        let end = bytes.firstIndex(of: tags.closing, from: start) ?? bytes.count
        return PythonText.strip(bytes.text(start..<end))
    }
}

/// The two tags of the guide's format.
public struct GuideTags: Sendable, Hashable {
    public var reasoning = TagName("reasoning")
    public var answer = TagName("answer")

    public init() {}

    static let reasoningSummary = "Name of the tag around the reasoning."
    static let answerSummary = "Name of the tag around the answer."
}
