import HoneCore

/// 1 if the text is one thought followed by one answer and nothing else.
///
/// Formula: 1 if prefix + completion matches
/// `^<think>([^<]*(?:<(?!/?think>)[^<]*)*)</think>\n<answer>([\s\S]*?)</answer>$`, else 0: the thought
/// holds no further think tag, a single line break separates the parts, and after the last
/// `</answer>` comes nothing but at most one line break (Python's `$`). Range {0, 1}.
///
/// Source: `format_reward_func` of AgileRL's LLM fine-tuning tutorial. SeekrFlow writes
/// `<think>…</think><answer>…</answer>`: that is ``Separator/none``.
public struct FormatReward: RewardFunction {
    public let name: String
    public var options: Options

    /// What stands between `</think>` and `<answer>`.
    public enum Separator: String, ConfigChoice {
        /// Exactly one `\n`.
        case newline
        case none
        /// Any white space, or nothing.
        case whitespace
    }

    public init(name: String = "format", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        public var separator: Separator = .newline
        /// What stands before the completion in the text scored; `nil`: the opening think tag if the
        /// prompt ends with it.
        public var prefix: String?
        public var thinkTag = TagName("think")
        public var answerTag = TagName("answer")

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the text is <think>…</think>, a line break, <answer>…</answer> and nothing else."
        public static let fields: [ConfigField<Options>] = [
            ConfigField(
                "separator", \.separator,
                "Between the two parts: one newline, none, or any whitespace."),
            ConfigField("prefix", \.prefix, ScoredPrefix.summary),
            ConfigField("think_tag", \.thinkTag, "Name of the tag around the thought."),
            ConfigField("answer_tag", \.answerTag, "Name of the tag around the answer."),
        ]

        public func function(name: String) -> any RewardFunction {
            FormatReward(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let prefix = ScoredPrefix(options.prefix)
        return request.completions.map { completion in
            let text = prefix.text(
                prompt: request.prompt, completion: completion,
                openingTag: "<\(options.thinkTag.text)>")
            return .value(matches(text) ? 1 : 0)
        }
    }

    func matches(_ text: [UInt8]) -> Bool {
        let think = TaggedText(tag: options.thinkTag.text)
        let answer = TaggedText(tag: options.answerTag.text)
        guard text.has(think.opening, at: 0),
            let thoughtEnd = text.firstIndex(of: think.closing, from: think.opening.count)
        else { return false }
        if let nested = text.firstIndex(of: think.opening, from: think.opening.count),
            nested < thoughtEnd
        {
            return false
        }
        let afterThought = thoughtEnd + think.closing.count
        let answerStart = afterThought + separatorLength(in: text, at: afterThought)
        guard options.separator != .newline || answerStart == afterThought + 1,
            text.has(answer.opening, at: answerStart)
        else { return false }
        let end = text.last == UInt8(ascii: "\n") ? text.count - 1 : text.count
        let closing = end - answer.closing.count
        return closing >= answerStart + answer.opening.count
            && text.has(answer.closing, at: closing)
    }

    private func separatorLength(in text: [UInt8], at start: Int) -> Int {
        switch options.separator {
        case .none: 0
        case .newline: text.has([UInt8(ascii: "\n")], at: start) ? 1 : 0
        case .whitespace: text[start...].prefix { $0 == 0x20 || (0x09...0x0D).contains($0) }.count
        }
    }
}
