import HoneCore
import OrderedCollections

/// The options of OpenAI's `score_model`: a model gives each completion a number within a range, which is
/// the score as it is. Range: ``range``, [0, 1] unless declared. An output without what `input` names
/// scores the lowest number.
///
/// Source: OpenAI's graders. Their service does not show what it asks for beyond `input`; here the schema
/// of the answer and one sentence that states it are added (``JudgeScale``).
public struct ScoreModelOptions: DeclaredJudge {
    public var model = ""
    public var input: GraderMessages?
    public var range = [0.0, 1.0]
    public var sampling = GraderSampling()
    /// `nil`: `OPENAI_BASE_URL` of the environment.
    public var endpoint: String?
    public var service = JudgeService()

    public init() {}

    public static let defaults = ScoreModelOptions()
    public static let summary =
        "OpenAI's score_model: a model gives each completion a number. The server is endpoint, or "
        + "OPENAI_BASE_URL with OPENAI_API_KEY of the environment. timeout is that of one try."
    public static let fields: [ConfigField<ScoreModelOptions>] =
        [
            .required("model", \.model, ModelGraderText.model, .notEmpty),
            ConfigField("input", \.input, ModelGraderText.input),
            ConfigField("range", \.range, "Worst and best number; the score is not scaled."),
            ConfigField("sampling_params", \.sampling, ModelGraderText.sampling),
            .optional(
                "endpoint", \.endpoint, ModelGraderText.endpoint, .notEmpty,
                synonyms: ["base_url", "url"]),
        ] + serviceFields

    public static let checks: [ConfigCheck<ScoreModelOptions>] =
        [
            ConfigCheck("range") { options, _ in
                options.range.count == 2 && options.range[0] < options.range[1]
                    ? nil : "needs two numbers, the worst first, such as [0, 1]"
            },
            ConfigCheck("input") { options, _ in
                options.input == nil ? "is required: \(ModelGraderText.input)" : nil
            },
        ] + serviceChecks

    func judge(
        name: String, timeout: Double, environment: [String: String]
    ) throws(RewardError) -> JudgeReward {
        try service.judge(
            name: name, model: model, input: input,
            scale: .rating(lowest: range[0], highest: range[1]), sampling: sampling,
            endpoint: endpoint, timeout: timeout, environment: environment)
    }
}

/// The options of OpenAI's `label_model`: a model gives each completion one of some labels; 1 for a
/// passing label, else 0. Range {0, 1}. An output without what `input` names scores 0.
///
/// Source: OpenAI's graders.
public struct LabelModelOptions: DeclaredJudge {
    public var model = ""
    public var input: GraderMessages?
    public var labels: [String] = []
    public var passingLabels: [String] = []
    public var sampling = GraderSampling()
    /// `nil`: `OPENAI_BASE_URL` of the environment.
    public var endpoint: String?
    public var service = JudgeService()

    public init() {}

    public static let defaults = LabelModelOptions()
    public static let summary =
        "OpenAI's label_model: a model gives each completion a label; 1 for a passing one. The server is "
        + "endpoint, or OPENAI_BASE_URL with OPENAI_API_KEY of the environment. timeout is that of one try."
    public static let fields: [ConfigField<LabelModelOptions>] =
        [
            .required("model", \.model, ModelGraderText.model, .notEmpty),
            ConfigField("input", \.input, ModelGraderText.input),
            .required("labels", \.labels, "The labels that the model may give.", .notEmpty),
            .required("passing_labels", \.passingLabels, "The labels that score 1.", .notEmpty),
            ConfigField("sampling_params", \.sampling, ModelGraderText.sampling),
            .optional(
                "endpoint", \.endpoint, ModelGraderText.endpoint, .notEmpty,
                synonyms: ["base_url", "url"]),
        ] + serviceFields

    public static let checks: [ConfigCheck<LabelModelOptions>] =
        [
            ConfigCheck("labels") { options, _ in
                Set(options.labels).count == options.labels.count
                    ? nil : "names a label twice"
            },
            ConfigCheck("passing_labels", "labels") { options, _ in
                let unknown = options.passingLabels.filter { !options.labels.contains($0) }
                return unknown.isEmpty
                    ? nil : "\(unknown.joined(separator: ", ")) is not among labels"
            },
            ConfigCheck("input") { options, _ in
                options.input == nil ? "is required: \(ModelGraderText.input)" : nil
            },
        ] + serviceChecks

    func judge(
        name: String, timeout: Double, environment: [String: String]
    ) throws(RewardError) -> JudgeReward {
        let scores = labels.map { ($0, passingLabels.contains($0) ? 1.0 : 0.0) }
        return try service.judge(
            name: name, model: model, input: input,
            scale: .labels(OrderedDictionary(uniqueKeysWithValues: scores)), sampling: sampling,
            endpoint: endpoint, timeout: timeout, environment: environment)
    }
}

/// OpenAI's `sampling_params`.
public struct GraderSampling: ConfigSection {
    public var temperature: Double?
    public var topP: Double?
    public var seed: Int?
    public var maxTokens: Int?
    public var reasoningEffort: String?

    public init() {}

    public static let defaults = GraderSampling()
    public static let summary = "How the grading model's answer is drawn."
    public static let fields: [ConfigField<GraderSampling>] = [
        .optional("temperature", \.temperature, "Default: the server's.", .atLeast(0)),
        .optional("top_p", \.topP, "Default: the server's.", .above(0, upTo: 1)),
        .optional("seed", \.seed, "For servers that can repeat a draw."),
        .optional(
            "max_completions_tokens", \.maxTokens, "Most tokens of the answer.", .atLeast(1),
            synonyms: ["max_completion_tokens", "max_tokens"]),
        .optional(
            "reasoning_effort", \.reasoningEffort, "For models that reason: low, medium, high.",
            .notEmpty),
    ]
}

/// What the model graders' keys mean.
private enum ModelGraderText {
    static let model = "The grading model's name at the server."
    static let input =
        "The messages it is sent, [{role, content}], with {{item.COLUMN}} and {{sample.output_text}}."
    static let sampling = "How its answer is drawn."
    static let endpoint =
        "The server's address up to /chat/completions. Default: OPENAI_BASE_URL of the environment."
}

extension JudgeService {
    fileprivate func judge(
        name: String, model: String, input: GraderMessages?, scale: JudgeScale,
        sampling: GraderSampling, endpoint: String?, timeout: Double, environment: [String: String]
    ) throws(RewardError) -> JudgeReward {
        guard let input else { preconditionFailure("a model grader was accepted without input") }
        let address = try Self.address(
            declared: endpoint, keyVariable: keyVariable, name: name, environment: environment)
        return judge(
            name: name,
            asking: JudgeQuestion(
                model: model, prompt: input, scale: scale,
                sampling: ChatSampling(
                    temperature: sampling.temperature, maxTokens: sampling.maxTokens,
                    topP: sampling.topP, seed: sampling.seed,
                    reasoningEffort: sampling.reasoningEffort),
                isStructured: isStructured),
            at: address, timeout: timeout)
    }
}
