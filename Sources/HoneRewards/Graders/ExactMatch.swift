import HoneCore

/// 1 if the answer equals a column of the row, scalar by scalar.
///
/// Formula: 1 if normalise(extract(completion)) = normalise(column), else 0; a completion without an
/// answer scores 0. Normalising strips white space as Python's `strip()` and maps to lower case, each
/// if asked. No Unicode normalisation: `é` as one scalar differs from `e` with an accent. Range {0, 1}.
public struct ExactMatch: RewardFunction {
    public let name: String
    public var column: String
    public var extraction: AnswerExtraction
    public var stripsSpace: Bool
    public var letterCase: LetterCase

    public enum LetterCase: String, Sendable, Hashable, CaseIterable {
        case sensitive, insensitive
    }

    public init(
        name: String = "exact_match", column: String = "reference_answer",
        extraction: AnswerExtraction = .whole, stripsSpace: Bool = true,
        letterCase: LetterCase = .sensitive
    ) {
        self.name = name
        self.column = column
        self.extraction = extraction
        self.stripsSpace = stripsSpace
        self.letterCase = letterCase
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let reference: [Unicode.Scalar]
        do throws(GraderFailure) {
            let value = try request.row.column(column, for: name)
            guard let text = value.scalarText else {
                throw GraderFailure.badColumn(
                    column, value, for: name, expected: "a string, number or boolean")
            }
            reference = normalised(text)
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        return request.completions.map { completion in
            let answer = extraction.answer(in: completion)
            return .value(answer.map(normalised) == reference ? 1 : 0)
        }
    }

    private func normalised(_ text: String) -> [Unicode.Scalar] {
        let stripped = stripsSpace ? PythonText.strip(text) : text
        return Array((letterCase == .sensitive ? stripped : stripped.lowercased()).unicodeScalars)
    }
}
