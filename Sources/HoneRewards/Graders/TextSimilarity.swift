import HoneCore

/// How alike the answer and the reference are. Range [0, 1].
///
/// Formula: that of the metric chosen: ``BLEU``, ``ROUGE``, ``GLEU``, ``METEOR``, ``FuzzyMatch``;
/// `rouge` is `rouge_l`, F measure. A completion without an answer scores 0. `cosine` is that of
/// `semantic_similarity`, range [−1, 1], where it scores −1.
///
/// Source: SeekrFlow's `text_similarity` (bleu, rouge) and OpenAI's grader of that name. SeekrFlow
/// does not say which ROUGE it takes; we take the longest common subsequence.
public struct TextSimilarity: RewardFunction {
    public let name: String
    public var options: Options

    public enum Metric: String, ConfigChoice {
        case bleu, rouge, gleu, meteor
        case rouge1 = "rouge_1"
        case rouge2 = "rouge_2"
        case rouge3 = "rouge_3"
        case rouge4 = "rouge_4"
        case rouge5 = "rouge_5"
        case rougeL = "rouge_l"
        case fuzzyMatch = "fuzzy_match"
        /// Of embeddings.
        case cosine
    }

    public init(name: String = "text_similarity", _ options: Options) {
        self.name = name
        self.options = options
    }

    public struct Options: ConfigSection {
        public var metric: Metric = .bleu
        public var texts = ComparedTexts()
        public var tokenization: BLEUTokenization = .thirteenA
        public var smoothing: BLEU.Smoothing = .exponential
        public var stems = false
        public var statistic: ROUGE.Statistic = .f
        /// Where embeddings for `cosine` come from.
        public var service = EmbeddingService()

        /// The embedding model of OpenAI's grader.
        static let cosineModel = "text-embedding-3-large"

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "How alike the answer and the reference are, from 0 to 1. OpenAI's grader of this name can "
            + "stand here as it is."
        public static let fields: [ConfigField<Options>] = [
            .required(
                "evaluation_metric", \.metric,
                "bleu, gleu, meteor (without synonyms), rouge_1 to rouge_5, rouge_l (rouge is the same),"
                    + " fuzzy_match, cosine (of embeddings; needs a server).",
                synonyms: ["metric", "operation"]),
            ConfigField("column", \.texts.column, ComparedTexts.columnSummary, .notEmpty),
            ConfigField("extract", \.texts.extraction, AnswerExtraction.summary),
            .optional("input", \.texts.input, ComparedTexts.inputSummary),
            .optional("reference", \.texts.reference, ComparedTexts.referenceSummary),
            ConfigField(
                "tokenize", \.tokenization,
                "How bleu, gleu and meteor find words, in sacrebleu's names: 13a, intl, char, none."
            ),
            ConfigField(
                "smooth", \.smoothing,
                "What bleu takes for an order without a match: exp, floor (0.1), add-k (1), none."),
            ConfigField("stem", \.stems, "Whether rouge compares stems of words (Porter)."),
            ConfigField("statistic", \.statistic, "What rouge gives: f, precision or recall."),
            .optional(
                "model", \.service.model, "Embedding model of cosine. Default: \(cosineModel).",
                .notEmpty),
            .optional(
                "endpoint", \.service.endpoint,
                "Server of cosine, up to /embeddings. Default: OPENAI_BASE_URL of the environment.",
                .notEmpty, synonyms: ["base_url", "url"]),
            .optional(
                "api_key_env", \.service.keyVariable,
                "Environment variable with that server's key; it never stands in a recipe or a log.",
                .notEmpty),
        ]
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        options.texts.scores(of: request, for: name) { answer, reference in
            similarity(answer, reference)
        }
    }

    /// The similarity of two texts.
    public func similarity(_ text: String, _ reference: String) -> Double {
        switch options.metric {
        case .bleu:
            var bleu = BLEU()
            bleu.tokenization = options.tokenization
            bleu.smoothing = options.smoothing
            return bleu.score(text, reference: reference)
        case .gleu:
            var gleu = GLEU()
            gleu.tokenization = options.tokenization
            return gleu.score(text, reference: reference)
        case .meteor:
            var meteor = METEOR()
            meteor.tokenization = options.tokenization
            return meteor.score(text, reference: reference)
        case .fuzzyMatch: return FuzzyMatch().score(text, reference: reference)
        case .rouge1: return rouge(.ngrams(1), text, reference)
        case .rouge2: return rouge(.ngrams(2), text, reference)
        case .rouge3: return rouge(.ngrams(3), text, reference)
        case .rouge4: return rouge(.ngrams(4), text, reference)
        case .rouge5: return rouge(.ngrams(5), text, reference)
        case .cosine: preconditionFailure("cosine is made as a SemanticSimilarity")
        case .rougeL, .rouge: return rouge(.longestCommonSubsequence, text, reference)
        }
    }

    private func rouge(_ kind: ROUGE.Kind, _ text: String, _ reference: String) -> Double {
        var rouge = ROUGE(kind)
        rouge.statistic = options.statistic
        rouge.stems = options.stems
        return rouge.score(text, reference: reference)
    }
}
