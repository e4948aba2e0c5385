import HoneCore

/// The kinds of reward function a recipe can name in `type:`.
public enum RewardType: String, Sendable, Hashable, CaseIterable {
    case countdownEquation = "countdown_equation"
    case format
    case exactMatch = "exact_match"
    case numericEquality = "numeric_equality"
    case mathAccuracy = "math_accuracy"
    case stringCheck = "string_check"
    case textSimilarity = "text_similarity"
    case length
    case softOverlong = "soft_overlong"
    case correctness
    case integer
    case strictFormat = "strict_format"
    case softFormat = "soft_format"
    case xmlCount = "xml_count"
    case tagPresence = "tag_presence"
    case jsonSchema = "json_schema"
    case regex
    case repetitionPenalty = "repetition_penalty"
    case language
    case perplexity
    case semanticSimilarity = "semantic_similarity"
    case codeTests = "code_tests"
    case python
    case judge
    case scoreModel = "score_model"
    case labelModel = "label_model"
    case multi

    /// The options of this type, as `hone validate --explain` shows them.
    public var options: any ConfigSection.Type {
        switch self {
        case .countdownEquation: CountdownEquation.Options.self
        case .format: FormatReward.Options.self
        case .exactMatch: ExactMatch.Options.self
        case .numericEquality: NumericEquality.Options.self
        case .mathAccuracy: MathAccuracy.Options.self
        case .stringCheck: StringCheck.Options.self
        case .textSimilarity: TextSimilarity.Options.self
        case .length: LengthReward.Options.self
        case .softOverlong: SoftOverlong.Options.self
        case .correctness: Correctness.Options.self
        case .integer: IntegerAnswer.Options.self
        case .strictFormat: GuideFormat.StrictOptions.self
        case .softFormat: GuideFormat.SoftOptions.self
        case .xmlCount: XMLCount.Options.self
        case .tagPresence: TagPresence.Options.self
        case .jsonSchema: JSONSchemaReward.Options.self
        case .regex: PatternReward.Options.self
        case .repetitionPenalty: RepetitionPenalty.Options.self
        case .language: LanguageReward.Options.self
        case .perplexity: PerplexityOptions.self
        case .semanticSimilarity: SemanticSimilarityOptions.self
        case .codeTests: CodeTestsOptions.self
        case .python: PythonRewardOptions.self
        case .judge: JudgeOptions.self
        case .scoreModel: ScoreModelOptions.self
        case .labelModel: LabelModelOptions.self
        case .multi: MultiGrader.Options.self
        }
    }

    /// The type called `name`.
    static func named(
        _ name: String, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> RewardType? {
        if let type = RewardType(rawValue: name) { return type }
        let known = allCases.map(\.rawValue)
        let remedy =
            KeySuggestion.nearest(to: name, among: known).map { "did you mean \($0)?" }
            ?? "known types: " + known.joined(separator: ", ")
        problems.append(
            ConfigProblem(path.key("type"), "there is no reward type \(name); \(remedy)"))
        return nil
    }
}
