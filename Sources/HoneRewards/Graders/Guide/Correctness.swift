import HoneCore

/// 1 if the answer tag holds exactly what a column says, else 0.
///
/// Formula: 1 if what follows the last `<answer>` (without one: the whole text) up to `</answer>`, stripped,
/// equals the stripped column. Range {0, 1}.
///
/// Source: `correctness_reward_func` of Cloudera's GRPO guide, which gives 2.0: that is weight 2.
public struct Correctness: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "correctness", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        public var column = "answer"
        public var tag = TagName("answer")

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the answer tag holds what a column says (the guide's correctness; its 2.0 is weight 2)."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("column", \.column, "Column with the right answer.", .notEmpty),
            ConfigField("answer_tag", \.tag, GuideTags.answerSummary),
        ]

        public func function(name: String) -> any RewardFunction { Correctness(name: name, self) }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let reference: String
        do throws(GraderFailure) {
            reference = PythonText.strip(
                try request.row.referenceText(options.column, for: name))
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        return request.completions.map { completion in
            let answer = GuideAnswer.text(in: completion, tag: options.tag.text)
            return .value(Array(answer.utf8) == Array(reference.utf8) ? 1 : 0)
        }
    }
}
