import HoneCore

/// 1 if the answer is made of digits, else 0.
///
/// Formula: 1 if the answer (see ``Correctness``) is not empty and each of its characters is a digit, as
/// Python's `str.isdigit` says; so −3, 3.0 and 1,000 score 0. Range {0, 1}.
///
/// Source: `int_reward_func` of Cloudera's GRPO guide, which gives 0.5: that is weight 0.5.
public struct IntegerAnswer: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "integer", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        public var tag = TagName("answer")

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the answer tag holds digits only (the guide's int reward; its 0.5 is weight 0.5)."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("answer_tag", \.tag, GuideTags.answerSummary)
        ]

        public func function(name: String) -> any RewardFunction { IntegerAnswer(name: name, self) }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { completion in
            let answer = GuideAnswer.text(in: completion, tag: options.tag.text).unicodeScalars
            let isWhole = !answer.isEmpty && answer.allSatisfy(Self.isDigit)
            return .value(isWhole ? 1 : 0)
        }
    }

    /// Unicode's Numeric_Type decimal or digit.
    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
    }
}
