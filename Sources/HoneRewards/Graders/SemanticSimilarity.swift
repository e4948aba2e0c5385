import HoneCore

/// The cosine of the angle between the embeddings of answer and reference.
///
/// Formula: a · b / (|a| |b|). Range [−1, 1]. A completion without an answer, or with an empty one, scores
/// −1, as in Cloudera's notebook.
///
/// The embeddings are those of an endpoint, or the mean over the tokens of the last hidden states of the
/// model that training began with. Mean-pooled states of a decoder lie close together: expect cosines
/// above 0.8 also for unrelated texts, of which only the differences within a group matter.
///
/// Source: Cloudera's GRPO guide names a semantic correctness reward; its notebook takes a cross-encoder
/// (`stsb-roberta-base`), which no endpoint offers.
struct SemanticSimilarity: RewardFunction {
    let name: String
    let texts: ComparedTexts
    let embedder: any TextEmbedder

    /// What an absent answer scores.
    private static let lowest = -1.0

    func score(_ request: GradingRequest) async -> [Score] {
        let pairs = texts.pairs(of: request, for: name)
        // Each text once: the reference is the same for a whole group as a rule.
        var places: [String: Int] = [:]
        var asked: [String] = []
        func note(_ text: String) {
            guard places[text] == nil else { return }
            places[text] = asked.count
            asked.append(text)
        }
        for case .success(let pair?) in pairs where !Self.isBlank(pair.answer) {
            note(pair.answer)
            note(pair.reference)
        }
        let vectors: [[Float]]
        do {
            vectors = asked.isEmpty ? [] : try await embedder.embeddings(of: asked)
        } catch {
            let failure = GraderFailure(
                function: name, kind: .unavailable, message: "embeddings: \(error)")
            return request.completions.map { _ in .failed(failure) }
        }
        return pairs.map { pair in
            switch pair {
            case .failure(let failure): return .failed(failure)
            case .success(let pair?) where !Self.isBlank(pair.answer):
                guard let first = places[pair.answer], let second = places[pair.reference] else {
                    preconditionFailure("a text was not asked about")
                }
                return cosine(vectors[first], vectors[second])
            case .success: return .value(Self.lowest)
            }
        }
    }

    private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

    private func cosine(_ left: [Float], _ right: [Float]) -> Score {
        guard left.count == right.count else {
            return .failed(
                GraderFailure(
                    function: name, kind: .unavailable,
                    message: "embeddings of \(left.count) and \(right.count) numbers"))
        }
        var (product, leftSquare, rightSquare) = (0.0, 0.0, 0.0)
        for (left, right) in zip(left, right) {
            product += Double(left) * Double(right)
            leftSquare += Double(left) * Double(left)
            rightSquare += Double(right) * Double(right)
        }
        let length = (leftSquare * rightSquare).squareRoot()
        return .value(length > 0 ? min(max(product / length, -1), 1) : 0)
    }
}

/// The options of `type: semantic_similarity`.
public struct SemanticSimilarityOptions: ConfigSection {
    public var texts = ComparedTexts()
    public var service = EmbeddingService()

    public init() {}

    public static let defaults = SemanticSimilarityOptions()
    public static let summary =
        "The cosine of the embeddings of answer and reference, by an endpoint of OpenAI's form, or, "
        + "without model, by the hidden states of the model that training began with."
    public static let fields: [ConfigField<SemanticSimilarityOptions>] =
        [
            ConfigField("column", \.texts.column, ComparedTexts.columnSummary, .notEmpty),
            ConfigField("extract", \.texts.extraction, AnswerExtraction.summary),
            .optional("input", \.texts.input, ComparedTexts.inputSummary),
            .optional("reference", \.texts.reference, ComparedTexts.referenceSummary),
            .optional(
                "model", \.service.model,
                "The embedding model at the endpoint. Default: the model that training began with.",
                .notEmpty),
            .optional(
                "endpoint", \.service.endpoint,
                "The server's address up to /embeddings. Default: OPENAI_BASE_URL of the environment.",
                .notEmpty, synonyms: ["base_url", "url"]),
            .optional(
                "api_key_env", \.service.keyVariable,
                "Environment variable with the key. The key itself never stands in a recipe or a log.",
                .notEmpty),
        ]
    public static let checks: [ConfigCheck<SemanticSimilarityOptions>] = [
        ConfigCheck("model", "endpoint") { options, _ in
            options.service.model == nil && options.service.endpoint != nil
                ? "is required with endpoint: the embedding model's name there" : nil
        }
    ]
}
