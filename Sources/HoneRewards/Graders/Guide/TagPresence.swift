import HoneCore

/// The share of opening and closing tags that occur exactly once.
///
/// Formula: of the 2 · |tags| texts `<tag>` and `</tag>`, how many occur exactly once / how many there are.
/// Range [0, 1].
///
/// Source: the tag presence reward that Cloudera's GRPO guide names without showing it, in the form of
/// open-r1's `tag_count_reward`.
public struct TagPresence: RewardFunction {
    public let name: String
    public var tags: [TagName]

    public init(name: String = "tag_presence", tags: [TagName] = Options().tags) {
        self.name = name
        self.tags = tags
    }

    public struct Options: DeclaredReward {
        public var tags = [TagName("reasoning"), TagName("answer")]

        public init() {}

        public static let defaults = Options()
        public static let summary = "The share of opening and closing tags that occur exactly once."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("tags", \.tags, "Names of the tags.", .notEmpty)
        ]

        public func function(name: String) -> any RewardFunction {
            TagPresence(name: name, tags: tags)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let texts = tags.map { TaggedText(tag: $0.text) }.flatMap { [$0.opening, $0.closing] }
        return request.completions.map { completion in
            let bytes = Array(completion.utf8)
            let present = texts.count { text in
                guard let place = bytes.firstIndex(of: text) else { return false }
                return bytes.firstIndex(of: text, from: place + text.count) == nil
            }
            return .value(Double(present) / Double(texts.count))
        }
    }
}
