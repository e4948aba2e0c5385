import HoneCore

/// A penalty that grows as a completion nears the length limit.
///
/// With |y| tokens, limit L and cache c:
/// 0 for |y| ≤ L − c; ((L − c) − |y|) / c up to L, so −1 at the limit; −1 beyond. Range [−1, 0].
/// It abstains where token counts are not known, such as in `hone grade`.
///
/// Source: DAPO (arXiv 2503.14476, eq. 13); TRL's `get_soft_overlong_punishment`.
public struct SoftOverlong: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "soft_overlong", _ options: Options) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        /// L, tokens.
        public var maxCompletionLength = 0
        /// c, tokens.
        public var softPunishCache = 0

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "0, falling to -1 over the last tokens before the length limit."
        public static let fields: [ConfigField<Options>] = [
            .required(
                "max_completion_length", \.maxCompletionLength,
                "Tokens at which the penalty is whole; take sampling.max_completion_length.",
                .atLeast(1), synonyms: ["max_completion_len", "max_response_length"]),
            .required(
                "soft_punish_cache", \.softPunishCache,
                "Tokens before the limit over which the penalty grows; DAPO takes a fifth of the "
                    + "limit.", .atLeast(1), synonyms: ["overlong_buffer", "overlong_buffer_len"]),
        ]
        public static let checks: [ConfigCheck<Options>] = [
            ConfigCheck("soft_punish_cache", "max_completion_length") { options, _ in
                guard options.softPunishCache > options.maxCompletionLength else { return nil }
                return "must be at most max_completion_length (\(options.maxCompletionLength)), "
                    + "is \(options.softPunishCache)"
            }
        ]

        public func function(name: String) -> any RewardFunction {
            SoftOverlong(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        guard let lengths = request.tokenCounts else {
            return request.completions.map { _ in .abstained }
        }
        return lengths.map { .value(penalty(ofLength: $0)) }
    }

    private func penalty(ofLength length: Int) -> Double {
        let free = options.maxCompletionLength - options.softPunishCache
        if length <= free { return 0 }
        return max(-1, Double(free - length) / Double(options.softPunishCache))
    }
}
