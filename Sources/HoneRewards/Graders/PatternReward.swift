import HoneCore

/// 1 if a regular expression matches, else 0.
///
/// Formula: 1 if the pattern matches where it should (anywhere, at the start, the whole text), in what
/// `extract` finds; the other way round for `expect: no_match`. A completion without an answer scores 0.
/// Range {0, 1}. A match that needs more than ten million steps is a failure.
public struct PatternReward: RewardFunction {
    public let name: String
    private let pattern: RewardPattern
    private let options: Options

    /// What scores 1.
    public enum Expectation: String, ConfigChoice {
        case match
        case noMatch = "no_match"
    }

    public init(name: String = "regex", _ pattern: RewardPattern, _ options: Options = Options()) {
        self.name = name
        self.options = options
        self.pattern = pattern
    }

    public struct Options: DeclaredReward {
        public var pattern: DeclaredPattern?
        public var place: RegularExpression.Place = .anywhere
        public var expectation: Expectation = .match
        public var extraction: AnswerExtraction = .whole

        public init() {}

        public static let defaults = Options()
        public static let summary = "1 if a regular expression matches."
        public static let fields: [ConfigField<Options>] = [
            .required("pattern", \.pattern, "The regular expression (PCRE2)."),
            ConfigField("match", \.place, "Where: anywhere, at the start, or the whole text."),
            ConfigField("expect", \.expectation, "What scores 1: match or no_match."),
            ConfigField("extract", \.extraction, AnswerExtraction.summary),
        ]

        public func function(name: String) -> any RewardFunction {
            guard let pattern else { preconditionFailure("pattern is required") }
            return PatternReward(name: name, pattern.pattern, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { completion in
            guard let answer = options.extraction.answer(in: completion) else { return .value(0) }
            let text = Array(answer.utf8)
            guard let matches = pattern.matches(in: text, options.place) else {
                return .failed(
                    GraderFailure(
                        function: name, kind: .timedOut,
                        message: "the match was given up after ten million steps; make the pattern "
                            + "less ambiguous"))
            }
            return .value(matches.isEmpty == (options.expectation == .noMatch) ? 1 : 0)
        }
    }
}
