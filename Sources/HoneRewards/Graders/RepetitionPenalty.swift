import HoneCore

/// Minus the share of n-grams that repeat an earlier one.
///
/// Formula: −(1 − distinct n-grams / n-grams) over the lower-cased words of the completion; 0 for a text
/// with fewer than n words. Range (−1, 0].
///
/// Source: `get_repetition_penalty_reward` of open-r1 (after Yeo et al. 2025, "Demystifying long
/// chain-of-thought reasoning"); its `max_penalty` is the weight here.
public struct RepetitionPenalty: RewardFunction {
    public let name: String
    /// Words in an n-gram.
    public var order: Int

    public init(name: String = "repetition_penalty", order: Int = Options().order) {
        self.name = name
        self.order = order
    }

    public struct Options: DeclaredReward {
        public var order = 3

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "Minus the share of n-grams that repeat an earlier one: 0 without repetition, towards -1 with."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("ngram", \.order, "Words in an n-gram.", .within(1...50))
        ]

        public func function(name: String) -> any RewardFunction {
            RepetitionPenalty(name: name, order: order)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { completion in
            let words = completion.lowercased().unicodeScalars.split(
                whereSeparator: PythonText.isSpace
            )
            .map { String(String.UnicodeScalarView($0)) }
            let counts = WordCounts(words, order: order)
            guard counts.total > 0 else { return .value(0) }
            return .value(Double(counts.counts.count) / Double(counts.total) - 1)
        }
    }
}
