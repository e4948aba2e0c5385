import HoneCore

/// A share of reward for each part of the guide's format, less for text behind it.
///
/// Formula: 0.125 for each of `<reasoning>\n`, `\n</reasoning>\n`, `\n<answer>\n` and `\n</answer>` that occurs
/// exactly once; with the third, less 0.001 per character behind the last `\n</answer>\n` (the whole text
/// without one); with the fourth, less 0.001 per character but one behind the last `\n</answer>`. Range
/// (−∞, 0.501].
///
/// Source: `count_xml` of Cloudera's GRPO guide, with its arithmetic.
public struct XMLCount: RewardFunction {
    public let name: String
    public var tags: GuideTags

    public init(name: String = "xml_count", tags: GuideTags = GuideTags()) {
        self.name = name
        self.tags = tags
    }

    public struct Options: DeclaredReward {
        public var tags = GuideTags()

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "0.125 for each of the guide's four tags in place, less 0.001 per character behind the answer."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("reasoning_tag", \.tags.reasoning, GuideTags.reasoningSummary),
            ConfigField("answer_tag", \.tags.answer, GuideTags.answerSummary),
        ]

        public func function(name: String) -> any RewardFunction {
            XMLCount(name: name, tags: tags)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { .value(value(of: Array($0.utf8))) }
    }

    private func value(of text: [UInt8]) -> Double {
        let answer = tags.answer.text
        var sum = 0.0
        if count("<\(tags.reasoning.text)>\n", text) == 1 { sum += 0.125 }
        if count("\n</\(tags.reasoning.text)>\n", text) == 1 { sum += 0.125 }
        if count("\n<\(answer)>\n", text) == 1 {
            sum += 0.125
            sum -= Double(charactersBehind("\n</\(answer)>\n", text)) * 0.001
        }
        if count("\n</\(answer)>", text) == 1 {
            sum += 0.125
            sum -= Double(charactersBehind("\n</\(answer)>", text) - 1) * 0.001
        }
        return sum
    }

    /// Python's `text.count(needle)`.
    private func count(_ needle: String, _ text: [UInt8]) -> Int {
        let bytes = Array(needle.utf8)
        var found = 0
        var start = 0
        while let place = text.firstIndex(of: bytes, from: start) {
            found += 1
            start = place + bytes.count
        }
        return found
    }

    /// Python's `len(text.split(needle)[-1])`.
    private func charactersBehind(_ needle: String, _ text: [UInt8]) -> Int {
        let bytes = Array(needle.utf8)
        var start = 0
        while let place = text.firstIndex(of: bytes, from: start) { start = place + bytes.count }
        return text[start...].count { $0 & 0xC0 != 0x80 }
    }
}
