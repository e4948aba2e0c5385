import HoneCore

/// 1 if the answer equals a column of the row, scalar by scalar.
///
/// Formula: 1 if normalise(extract(completion)) = normalise(column), else 0; a completion without an
/// answer scores 0. Normalising strips white space as Python's `strip()` and maps to lower case, each
/// if asked. No Unicode normalisation: `é` as one scalar differs from `e` with an accent. Range {0, 1}.
public struct ExactMatch: RewardFunction {
    public let name: String
    public var options: Options

    public enum LetterCase: String, ConfigChoice {
        case sensitive, insensitive
    }

    public init(name: String = "exact_match", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        /// Column with the right answer.
        public var column = "reference_answer"
        public var extraction: AnswerExtraction = .whole
        /// Whether white space around both sides is ignored.
        public var stripsSpace = true
        public var letterCase: LetterCase = .sensitive

        public init() {}

        public static let defaults = Options()
        public static let summary = "1 if the answer equals a column of the row."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("column", \.column, "Column with the right answer.", .notEmpty),
            ConfigField("extract", \.extraction, AnswerExtraction.summary),
            ConfigField("strip", \.stripsSpace, "Ignore white space around both sides."),
            ConfigField("case", \.letterCase, "Whether capitals matter."),
        ]

        public func function(name: String) -> any RewardFunction {
            ExactMatch(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let reference: [Unicode.Scalar]
        do throws(GraderFailure) {
            reference = normalised(try request.row.referenceText(options.column, for: name))
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        return request.completions.map { completion in
            let answer = options.extraction.answer(in: completion)
            return .value(answer.map(normalised) == reference ? 1 : 0)
        }
    }

    private func normalised(_ text: String) -> [Unicode.Scalar] {
        let stripped = options.stripsSpace ? PythonText.strip(text) : text
        return Array(
            (options.letterCase == .sensitive ? stripped : stripped.lowercased()).unicodeScalars)
    }
}
