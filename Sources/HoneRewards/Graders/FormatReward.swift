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
    public var separator: Separator
    public var prefix: ScoredPrefix
    public var thinkTag: String
    public var answerTag: String

    /// What stands between `</think>` and `<answer>`.
    public enum Separator: String, Sendable, Hashable, CaseIterable {
        /// Exactly one `\n`.
        case newline
        case none
        /// Any white space, or nothing.
        case whitespace
    }

    public init(
        name: String = "format", separator: Separator = .newline,
        prefix: ScoredPrefix = .fromPrompt, thinkTag: String = "think",
        answerTag: String = "answer"
    ) {
        self.name = name
        self.separator = separator
        self.prefix = prefix
        self.thinkTag = thinkTag
        self.answerTag = answerTag
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { completion in
            let text = prefix.text(
                prompt: request.prompt, completion: completion, openingTag: "<\(thinkTag)>")
            return .value(matches(text) ? 1 : 0)
        }
    }

    func matches(_ text: [UInt8]) -> Bool {
        let think = TaggedText(tag: thinkTag)
        let answer = TaggedText(tag: answerTag)
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
        guard separator != .newline || answerStart == afterThought + 1,
            text.has(answer.opening, at: answerStart)
        else { return false }
        let end = text.last == UInt8(ascii: "\n") ? text.count - 1 : text.count
        let closing = end - answer.closing.count
        return closing >= answerStart + answer.opening.count && text.has(answer.closing, at: closing)
    }

    private func separatorLength(in text: [UInt8], at start: Int) -> Int {
        switch separator {
        case .none: 0
        case .newline: text.has([UInt8(ascii: "\n")], at: start) ? 1 : 0
        case .whitespace: text[start...].prefix { $0 == 0x20 || (0x09...0x0D).contains($0) }.count
        }
    }
}
