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
    public var column: String
    public var extraction: AnswerExtraction
    /// Absolute, in the unit of the numbers. Range [0, ∞).
    public var tolerance: Double
    /// Range [0, ∞).
    public var relativeTolerance: Double

    public init(
        name: String = "numeric_equality", column: String = "reference_answer",
        extraction: AnswerExtraction = .whole, tolerance: Double = 0,
        relativeTolerance: Double = 1e-9
    ) {
        self.name = name
        self.column = column
        self.extraction = extraction
        self.tolerance = tolerance
        self.relativeTolerance = relativeTolerance
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let reference: Double
        do throws(GraderFailure) {
            let value = try request.row.column(column, for: name)
            guard let number = value.doubleValue ?? value.stringValue.flatMap(Self.number(in:)) else {
                throw GraderFailure.badColumn(column, value, for: name, expected: "a number")
            }
            reference = number
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        let allowed = max(tolerance, relativeTolerance * abs(reference))
        return request.completions.map { completion in
            let answer = extraction.answer(in: completion).flatMap(Self.number(in:))
            return .value(answer.map { abs($0 - reference) <= allowed } == true ? 1 : 0)
        }
    }

    static func number(in text: String) -> Double? { WrittenNumber.value(of: text) }
}
