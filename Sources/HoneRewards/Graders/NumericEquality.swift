import HoneCore

/// 1 if the answer is the same number as a column of the row, however it is written.
///
/// Formula: 1 if |a − r| ≤ max(tolerance, relativeTolerance · |r|) where a is the extracted answer and
/// r the reference, both read by the rules below; 0 if they differ or the answer is no number.
/// A reference that is no number is a failure. Range {0, 1}.
///
/// Read: `42`, `-3.5`, `1e-3`, `1,234,567.8`, `3/4`, `1 3/4`, `12%` (= 0.12), `$5`; a full stop at the
/// end is punctuation.
public struct NumericEquality: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "numeric_equality", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        /// Column with the right answer.
        public var column = "reference_answer"
        public var extraction: AnswerExtraction = .whole
        /// Absolute, in the unit of the numbers. Range [0, ∞).
        public var tolerance = 0.0
        /// Range [0, ∞).
        public var relativeTolerance = 1e-9

        public init() {}

        public static let defaults = Options()
        public static let summary = "1 if the answer is the same number as a column of the row."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("column", \.column, "Column with the right answer.", .notEmpty),
            ConfigField("extract", \.extraction, AnswerExtraction.summary),
            ConfigField(
                "tolerance", \.tolerance, "How far the answer may be off, absolute.", .atLeast(0)),
            ConfigField(
                "relative_tolerance", \.relativeTolerance,
                "How far the answer may be off, as a share of the right one.", .atLeast(0)),
        ]

        public func function(name: String) -> any RewardFunction {
            NumericEquality(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let reference: Double
        do throws(GraderFailure) {
            let value = try request.row.column(options.column, for: name)
            guard let number = value.doubleValue ?? value.stringValue.flatMap(Self.number(in:))
            else {
                throw GraderFailure.badColumn(
                    options.column, value, for: name, expected: "a number")
            }
            reference = number
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        let allowed = max(
            options.tolerance, options.relativeTolerance * abs(reference))
        return request.completions.map { completion in
            let answer = options.extraction.answer(in: completion).flatMap(Self.number(in:))
            return .value(answer.map { abs($0 - reference) <= allowed } == true ? 1 : 0)
        }
    }

    static func number(in text: String) -> Double? { WrittenNumber.value(of: text) }
}
