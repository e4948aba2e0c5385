import HoneCore

/// 1 if the answer stands in a relation to the reference, else 0.
///
/// Formula: equal, not equal, or containing it, scalar by scalar and without normalisation;
/// `case_insensitive_contains` after lower-casing both. A completion without an answer scores 0 under
/// every operation, also `not_equals`. Range {0, 1}.
///
/// Source: SeekrFlow's `string_check` and OpenAI's grader of that name, whose words for the same
/// four operations are eq, ne, like and ilike.
public struct StringCheck: RewardFunction {
    public let name: String
    public var options: Options

    public enum Operation: String, ConfigChoice {
        case equals
        case notEquals = "not_equals"
        case contains
        case containsIgnoringCase = "case_insensitive_contains"
        case eq, ne, like, ilike

        enum Relation {
            case equal, unequal, containing, containingIgnoringCase
        }

        var relation: Relation {
            switch self {
            case .equals, .eq: .equal
            case .notEquals, .ne: .unequal
            case .contains, .like: .containing
            case .containsIgnoringCase, .ilike: .containingIgnoringCase
            }
        }
    }

    public init(name: String = "string_check", _ options: Options) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        public var operation: Operation = .equals
        public var texts = ComparedTexts()

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the answer equals, does not equal or contains the reference. OpenAI's grader of this "
            + "name can stand here as it is."
        public static let fields: [ConfigField<Options>] = [
            .required(
                "operation", \.operation,
                "equals (eq), not_equals (ne), contains (like), case_insensitive_contains (ilike)."),
            ConfigField("column", \.texts.column, ComparedTexts.columnSummary, .notEmpty),
            ConfigField("extract", \.texts.extraction, AnswerExtraction.summary),
            .optional("input", \.texts.input, ComparedTexts.inputSummary),
            .optional("reference", \.texts.reference, ComparedTexts.referenceSummary),
        ]

        public func function(name: String) -> any RewardFunction { StringCheck(name: name, self) }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        options.texts.scores(of: request, for: name) { answer, reference in
            holds(Array(answer.utf8), Array(reference.utf8)) ? 1 : 0
        }
    }

    private func holds(_ answer: [UInt8], _ reference: [UInt8]) -> Bool {
        switch options.operation.relation {
        case .equal: return answer == reference
        case .unequal: return answer != reference
        case .containing: return reference.isEmpty || answer.firstIndex(of: reference) != nil
        case .containingIgnoringCase:
            let needle = Array(String(decoding: reference, as: UTF8.self).lowercased().utf8)
            let text = Array(String(decoding: answer, as: UTF8.self).lowercased().utf8)
            return needle.isEmpty || text.firstIndex(of: needle) != nil
        }
    }
}
