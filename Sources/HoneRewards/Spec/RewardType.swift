/// The kinds of reward function a recipe can name in `type:`.
public enum RewardType: String, Sendable, Hashable, CaseIterable {
    case countdownEquation = "countdown_equation"
    case format
    case exactMatch = "exact_match"
    case numericEquality = "numeric_equality"
    case length
    case python

    /// One line for `--help` and documentation.
    public var summary: String {
        switch self {
        case .countdownEquation: "1 if the answer uses each given number once and hits the target"
        case .format: "1 if the text is <think>…</think>, a line break, <answer>…</answer>"
        case .exactMatch: "1 if the answer equals a column of the row"
        case .numericEquality: "1 if the answer is the same number as a column of the row"
        case .length: "1 within a band of lengths, falling to 0 outside it"
        case .python: "a function of a Python file, run in separate processes"
        }
    }
}
