import HoneCore

/// What of a completion is compared with what of its row.
public struct ComparedTexts: Sendable, Hashable {
    /// Column with the right answer; not looked at where ``reference`` is given.
    public var column = "reference_answer"
    /// Where in the completion the answer is; not looked at where ``input`` is given.
    public var extraction: AnswerExtraction = .whole
    /// OpenAI's `input`.
    public var input: GraderTemplate?
    /// OpenAI's `reference`.
    public var reference: GraderTemplate?

    public init() {}

    static let columnSummary = "Column with the right answer, unless reference is given."
    static let inputSummary =
        "What is compared, as a template: \"{{sample.output_text}}\". Default: what extract finds."
    static let referenceSummary =
        "What it is compared with, as a template: \"{{item.COLUMN}}\". Default: the column."

    /// For each completion `compare(answer, reference)`; 0 for a completion without an answer.
    func scores(
        of request: GradingRequest, for function: String,
        _ compare: (_ answer: String, _ reference: String) throws(GraderFailure) -> Double
    ) -> [Score] {
        pairs(of: request, for: function).map { pair in
            do throws(GraderFailure) {
                guard let pair = try pair.get() else { return .value(0) }
                return .value(try compare(pair.answer, pair.reference))
            } catch {
                return .failed(error)
            }
        }
    }

    /// For each completion what is compared; `nil` for one without an answer.
    func pairs(
        of request: GradingRequest, for function: String
    ) -> [Result<(answer: String, reference: String)?, GraderFailure>] {
        request.completions.map { completion in
            Result { () throws(GraderFailure) in
                let expected = try reference(in: request, completion, function)
                guard let answer = try answer(in: request, completion, function), let expected
                else { return nil }
                return (answer, expected)
            }
        }
    }

    private func answer(
        in request: GradingRequest, _ completion: String, _ function: String
    ) throws(GraderFailure) -> String? {
        guard let input else { return extraction.answer(in: completion) }
        return try input.text(for: request.row, completion: completion, function: function)
    }

    private func reference(
        in request: GradingRequest, _ completion: String, _ function: String
    ) throws(GraderFailure) -> String? {
        if let reference {
            return try reference.text(
                for: request.row, completion: completion, function: function)
        }
        return try request.row.referenceText(column, for: function)
    }
}
