/// GLEU (Google's sentence BLEU) of one text against one reference.
///
/// Formula: n-grams of one to four words in common / the larger of both texts' numbers of n-grams:
/// the smaller of precision and recall. 0 for two empty texts. Range [0, 1].
///
/// Source: Wu et al. 2016, section 4.2; NLTK's `sentence_gleu`.
public struct GLEU: Sendable, Hashable {
    public var tokenization: BLEUTokenization = .thirteenA

    public init() {}

    public func score(_ text: String, reference: String) -> Double {
        let words = tokenization.words(of: text)
        let expected = tokenization.words(of: reference)
        var common = 0
        var found = 0
        var wanted = 0
        for order in 1...4 {
            let counts = WordCounts(words, order: order)
            let others = WordCounts(expected, order: order)
            common += counts.overlap(others)
            found += counts.total
            wanted += others.total
        }
        return common == 0 ? 0 : Double(common) / Double(max(found, wanted))
    }
}
