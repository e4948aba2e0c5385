import HoneCore

/// What stands before the completion in the text that is scored.
///
/// With an assistant prefill such as `Let me solve this step by step.\n<think>` the opening tag is
/// part of the prompt, so the completion alone never shows it. AgileRL's reward functions add a
/// synthetic `<think>` for that reason.
public enum ScoredPrefix: Sendable, Hashable {
    /// This text, whatever the prompt is. Empty: the completion is scored alone.
    case declared(String)
    /// The opening tag if the prompt ends with it (white space aside), else nothing.
    case fromPrompt

    static let summary =
        "What stands before the completion in the text scored, as <think> after a prefill. Default: "
        + "the opening think tag if the prompt ends with it."

    /// - Parameter declared: what a recipe says; `nil` where it says nothing.
    public init(_ declared: String?) { self = declared.map(Self.declared) ?? .fromPrompt }

    /// The text to score as UTF-8.
    /// - Parameter openingTag: with brackets, as in `<think>`.
    func text(prompt: String, completion: String, openingTag: String) -> [UInt8] {
        switch self {
        case .declared(let prefix): Array(prefix.utf8) + Array(completion.utf8)
        case .fromPrompt:
            PythonText.strip(prompt.suffix(256)).hasSuffix(openingTag)
                ? Array(openingTag.utf8) + Array(completion.utf8) : Array(completion.utf8)
        }
    }
}
