import HoneCore

/// 1 if the answer is mathematically equal to a column of the row, else 0.
///
/// Formula: 1 if ``MathEquality`` holds between what the column says and what the extracted answer says.
/// Range {0, 1}.
///
/// Source: SeekrFlow's `math_accuracy`; Hugging Face's Math-Verify for what counts as equal.
public struct MathAccuracy: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "math_accuracy", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        /// Column with the right answer.
        public var column = "reference_answer"
        public var extraction: AnswerExtraction = .whole

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the answer is mathematically equal to a column of the row."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("column", \.column, "Column with the right answer.", .notEmpty),
            ConfigField("extract", \.extraction, AnswerExtraction.summary),
        ]

        public func function(name: String) -> any RewardFunction {
            MathAccuracy(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let reference: String
        do throws(GraderFailure) {
            reference = try request.row.referenceText(options.column, for: name)
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        let equality = MathEquality(reference: reference)
        return request.completions.map { completion in
            guard let answer = options.extraction.answer(in: completion) else { return .value(0) }
            return .value(equality.holds(for: answer) ? 1 : 0)
        }
    }
}
