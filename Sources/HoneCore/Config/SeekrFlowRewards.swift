import OrderedCollections

/// SeekrFlow's `reward_components`: graders with weights, and a reward for the format.
///
/// Weights: with none given the graders have equal ones. Without `format_reward_weight` the format
/// counts 0.1; the graders' weights must sum to 1.0 and share the remaining 0.9. With it, all weights
/// together must sum to 1.0. A sum may be off by 1e-10, as in SeekrFlow's SDK.
///
/// Source: SeekrFlow's page on reinforcement tuning and the validator of its SDK.
public struct SeekrFlowRewards: ConfigSection {
    public var graders: [Grader] = []
    public var formatWeight: Double?

    /// What the format counts when nothing is said.
    public static let automaticFormatWeight = 0.1
    private static let tolerance = 1e-10

    public init(graders: [Grader], formatWeight: Double? = nil) {
        self.graders = graders
        self.formatWeight = formatWeight
    }

    private init() {}

    /// One grader as SeekrFlow writes it.
    public struct Grader: ConfigSection {
        public var type = ""
        public var operation: String?
        public var weight: Double?

        public init(type: String, operation: String? = nil, weight: Double? = nil) {
            self.type = type
            self.operation = operation
            self.weight = weight
        }

        public static let defaults = Grader(type: "")
        public static let summary = "One grader as SeekrFlow writes it."
        public static let fields: [ConfigField<Grader>] = [
            .required(
                "type", \.type, "math_accuracy, string_check, text_similarity or format_check.",
                ConfigRule("math_accuracy, string_check, text_similarity or format_check") {
                    operations.keys.contains($0.lowercased())
                }),
            .optional(
                "operation", \.operation,
                "For string_check equals, not_equals, contains or case_insensitive_contains; for "
                    + "text_similarity bleu or rouge."),
            .optional(
                "weight", \.weight, "Its share of the reward.", .above(0, upTo: 1)),
        ]
        public static let checks: [ConfigCheck<Grader>] = [
            ConfigCheck("operation", "type") { grader, _ in
                let known = operations[grader.type.lowercased()] ?? []
                // The SDK drops an operation where the type has none.
                guard !known.isEmpty else { return nil }
                let list = known.joined(separator: ", ")
                guard let operation = grader.operation else {
                    return "is required for \(grader.type.lowercased()): \(list)"
                }
                guard !known.contains(operation.lowercased()) else { return nil }
                return "must be one of \(list), is \(operation)"
            }
        ]

        private static let operations: [String: [String]] = [
            "math_accuracy": [], "format_check": [],
            "string_check": ["equals", "not_equals", "contains", "case_insensitive_contains"],
            "text_similarity": ["bleu", "rouge"],
        ]
    }

    public static let defaults = SeekrFlowRewards()
    public static let summary = "SeekrFlow's reward_components."
    public static let fields: [ConfigField<SeekrFlowRewards>] = [
        .required("graders", \.graders, "What scores the answer.", .notEmpty),
        .optional(
            "format_reward_weight", \.formatWeight,
            "Share of the reward for <think>…</think><answer>…</answer>. Absent: 0.1.",
            .above(0, upTo: 1)),
    ]

    public static let checks: [ConfigCheck<SeekrFlowRewards>] = [
        ConfigCheck("graders") { rewards, _ in
            let given = rewards.graders.compactMap(\.weight)
            guard !given.isEmpty else { return nil }
            guard given.count == rewards.graders.count else {
                return
                    "\(given.count) of \(rewards.graders.count) graders have a weight; give each "
                    + "one, or none for equal weights"
            }
            let sum = given.reduce(0, +)
            let terms = given.map { "\($0)" }.joined(separator: " + ")
            guard let format = rewards.formatWeight else {
                guard abs(sum - 1) > tolerance else { return nil }
                return "the graders' weights must sum to 1.0: \(terms) = \(sum)"
            }
            let total = format + sum
            guard abs(total - 1) > tolerance else { return nil }
            return "format_reward_weight and the graders' weights must sum to 1.0: "
                + "\(format) + \(terms) = \(total)"
        }
    ]

    /// The reward functions it stands for, the format first. An answer is looked for in the last
    /// answer tag and, without one, taken to be the whole completion.
    public var rewards: [RewardConfig] {
        let formatShare = formatWeight ?? Self.automaticFormatWeight
        var taken: Set<String> = []
        let format = RewardConfig(
            name: Self.free("format", &taken), type: "format", weight: formatShare,
            options: ["separator": "whitespace"])
        return [format]
            + graders.map { grader in
                // Weights that sum to 1 with the format are shares already.
                let share = grader.weight ?? 1 / Double(graders.count)
                let isFinal = formatWeight != nil && grader.weight != nil
                return reward(
                    grader, weight: isFinal ? share : share * (1 - formatShare), &taken)
            }
    }

    private func reward(
        _ grader: Grader, weight: Double, _ taken: inout Set<String>
    ) -> RewardConfig {
        let type = grader.type.lowercased()
        var options: JSONObject = ["extract": [["tag": "answer"], "whole"]]
        var name = type
        switch type {
        case "string_check":
            options["operation"] = .string((grader.operation ?? "").lowercased())
        case "text_similarity":
            name = (grader.operation ?? "").lowercased()
            options["evaluation_metric"] = .string(name)
        case "format_check": options = ["separator": "whitespace"]
        default: break
        }
        return RewardConfig(
            name: Self.free(name, &taken), type: type == "format_check" ? "format" : type,
            weight: weight, options: options)
    }

    /// `name`, with a number behind it if it is taken.
    private static func free(_ name: String, _ taken: inout Set<String>) -> String {
        var candidate = name
        var number = 2
        while !taken.insert(candidate).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }
}
