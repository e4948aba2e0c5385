import HoneCore

/// 1 if a completion has the guide's format, else 0.
///
/// Formula, strict: 1 if the whole text matches
/// `^<reasoning>\n.*?\n</reasoning>\n<answer>\n.*?\n</answer>\n$`. Soft: 1 if it begins with a match of
/// `<reasoning>.*?</reasoning>\s*<answer>.*?</answer>`. Range {0, 1}.
///
/// In the guide `.` matches no line break, so reasoning of several lines scores 0; with
/// ``LineSpan/multiple`` it does match.
///
/// Source: `strict_format_reward_func` and `soft_format_reward_func` of Cloudera's GRPO guide, which give
/// 0.5: that is weight 0.5.
public struct GuideFormat: RewardFunction {
    public let name: String
    private let pattern: RewardPattern

    public enum Strictness: Sendable {
        case strict, soft
    }

    /// How far reasoning and answer may reach.
    public enum LineSpan: String, ConfigChoice {
        /// As in the guide.
        case single = "line"
        case multiple = "lines"
    }

    /// - Parameters:
    ///   - name: under which metrics show it.
    ///   - strictness: which of the two patterns.
    ///   - tags: the names of the tags.
    ///   - span: how far reasoning and answer may reach.
    public init(
        name: String, _ strictness: Strictness, tags: GuideTags = GuideTags(),
        span: LineSpan = .single
    ) {
        self.name = name
        let prefix = span == .multiple ? "(?s)" : ""
        let reasoning = "\\Q\(tags.reasoning.text)\\E"
        let answer = "\\Q\(tags.answer.text)\\E"
        switch strictness {
        case .strict:
            pattern = .own(
                prefix
                    + "^<\(reasoning)>\\n.*?\\n</\(reasoning)>\\n<\(answer)>\\n.*?\\n</\(answer)>\\n$"
            )
        case .soft:
            pattern = .own(
                prefix + "<\(reasoning)>.*?</\(reasoning)>\\s*<\(answer)>.*?</\(answer)>")
        }
    }

    public struct StrictOptions: DeclaredReward {
        public var tags = GuideTags()
        public var span: LineSpan = .single

        public init() {}

        public static let defaults = StrictOptions()
        public static let summary =
            "1 if the text is <reasoning>, reasoning, </reasoning>, <answer>, answer, </answer> on lines of "
            + "their own and nothing else."
        public static let fields: [ConfigField<StrictOptions>] = [
            ConfigField("reasoning_tag", \.tags.reasoning, GuideTags.reasoningSummary),
            ConfigField("answer_tag", \.tags.answer, GuideTags.answerSummary),
            ConfigField("spans", \.span, LineSpan.summary),
        ]

        public func function(name: String) -> any RewardFunction {
            GuideFormat(name: name, .strict, tags: tags, span: span)
        }
    }

    public struct SoftOptions: DeclaredReward {
        public var tags = GuideTags()
        public var span: LineSpan = .single

        public init() {}

        public static let defaults = SoftOptions()
        public static let summary =
            "1 if the text begins with <reasoning>…</reasoning> and <answer>…</answer>, white space between."
        public static let fields: [ConfigField<SoftOptions>] = [
            ConfigField("reasoning_tag", \.tags.reasoning, GuideTags.reasoningSummary),
            ConfigField("answer_tag", \.tags.answer, GuideTags.answerSummary),
            ConfigField("spans", \.span, LineSpan.summary),
        ]

        public func function(name: String) -> any RewardFunction {
            GuideFormat(name: name, .soft, tags: tags, span: span)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { completion in
            let match = pattern.match(at: 0, in: Array(completion.utf8))
            return .value(match == nil ? 0 : 1)
        }
    }
}

extension GuideFormat.LineSpan {
    static let summary =
        "How far reasoning and answer may reach: line (as in the guide, one line each) or lines."
}
