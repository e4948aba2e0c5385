import HoneModels
import HoneText

/// Texts on which two models are compared.
struct ExportProbe {
    private let items: [TokenScorer.Item]

    /// Texts of several kinds, so that many tokens take part.
    private static let texts = [
        "The quick brown fox jumps over the lazy dog. It was the best of times, it was the worst of "
            + "times, it was the age of wisdom, it was the age of foolishness.",
        "Using the numbers [44, 19, 35], create an equation that equals 98. 44 + 19 = 63; 63 + 35 = 98.",
        "def add(a, b):\n    return a + b\n\nprint(add(2, 3))  # 5\n",
        "Straße, café, naïve; 東京は日本の首都です。",
    ]

    /// The texts in tokens, and 64 ids spread over the vocabulary for what the texts leave out.
    init(_ text: ModelText, _ config: ModelConfig) throws {
        let limit = min(config.maximumLength, 128)
        let spread = (0..<64).map { Int32(($0 * 7919 + 13) % config.vocabularySize) }
        let sequences =
            try Self.texts.map { try text.tokenizer.encode($0, addSpecialTokens: true) } + [spread]
        items = sequences.map { $0.prefix(limit) }.filter { $0.count > 1 }.map {
            TokenScorer.Item(prompt: [$0[0]], completion: Array($0.dropFirst()))
        }
    }

    /// Log-probabilities in nats of every token but the first of each text.
    func score(_ model: DecoderModel) throws -> [Float] {
        try TokenScorer(model: model).score(items).flatMap { $0 }
    }
}
