import HoneCore

/// The share of tags that are there. Range [0, 1].
///
/// Formula:
/// - `once`: of the 2 · |tags| texts `<tag>` and `</tag>`, how many occur exactly once / how many there are;
/// - `pairs`: of the tags, for how many a `<tag>` is followed by a `</tag>` / how many there are.
///
/// Source: `pairs` is the tag presence reward in the notebook of Cloudera's GRPO template; `once`, which a
/// model cannot please with a second answer, is open-r1's `tag_count_reward`.
public struct TagPresence: RewardFunction {
    public let name: String
    public var tags: [TagName]
    public var counting: Counting

    /// What is counted.
    public enum Counting: String, ConfigChoice {
        case once, pairs
    }

    public init(
        name: String = "tag_presence", tags: [TagName] = Options().tags,
        counting: Counting = .once
    ) {
        self.name = name
        self.tags = tags
        self.counting = counting
    }

    public struct Options: DeclaredReward {
        public var tags = [TagName("reasoning"), TagName("answer")]
        public var counting: Counting = .once

        public init() {}

        public static let defaults = Options()
        public static let summary = "The share of tags that are there."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("tags", \.tags, "Names of the tags.", .notEmpty),
            ConfigField(
                "counting", \.counting,
                "once: opening and closing tags that occur exactly once; pairs: tags that are opened and "
                    + "closed, as in Cloudera's notebook."),
        ]

        public func function(name: String) -> any RewardFunction {
            TagPresence(name: name, tags: tags, counting: counting)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { completion in
            let text = Array(completion.utf8)
            return .value(counting == .once ? shareOnce(in: text) : shareOfPairs(in: text))
        }
    }

    private func shareOnce(in text: [UInt8]) -> Double {
        let tags = tags.map { TaggedText(tag: $0.text) }.flatMap { [$0.opening, $0.closing] }
        let present = tags.count { tag in
            guard let place = text.firstIndex(of: tag) else { return false }
            return text.firstIndex(of: tag, from: place + tag.count) == nil
        }
        return Double(present) / Double(tags.count)
    }

    private func shareOfPairs(in text: [UInt8]) -> Double {
        let present = tags.count { !TaggedText(tag: $0.text).contents(in: text).isEmpty }
        return Double(present) / Double(tags.count)
    }
}
