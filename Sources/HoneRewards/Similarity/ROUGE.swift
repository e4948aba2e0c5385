import Foundation
import HoneCore

/// ROUGE of one text against one reference.
///
/// Formula: with m the n-grams in common (each counted as often as in the text that has fewer), or for
/// the subsequence kind the length of the longest common subsequence of words: precision m / |text|,
/// recall m / |reference|, F = 2 P R / (P + R), 0 for 0 / 0. Range [0, 1].
///
/// Words are runs of a–z and 0–9 after lower-casing; with stemming, words of more than three letters
/// lose their endings (Porter, NLTK's variant).
///
/// Source: Lin 2004; the `rouge-score` package 0.1.2, with which it agrees to 1e-6
/// (`Tools/fixtures/similarity.py`).
public struct ROUGE: Sendable, Hashable {
    public var kind: Kind
    public var statistic: Statistic = .f
    public var stems = false

    public enum Kind: Sendable, Hashable {
        /// n-grams of this many words, at least 1.
        case ngrams(Int)
        case longestCommonSubsequence
    }

    public enum Statistic: String, ConfigChoice {
        case f, precision, recall
    }

    public init(_ kind: Kind) { self.kind = kind }

    public func score(_ text: String, reference: String) -> Double {
        let words = words(of: text)
        let expected = self.words(of: reference)
        let common: Int
        let counts: (text: Int, reference: Int)
        switch kind {
        case .ngrams(let order):
            let found = WordCounts(words, order: order)
            let wanted = WordCounts(expected, order: order)
            common = found.overlap(wanted)
            counts = (found.total, wanted.total)
        case .longestCommonSubsequence:
            common = CommonSubsequence.length(words, expected)
            counts = (words.count, expected.count)
        }
        let precision = Double(common) / Double(max(counts.text, 1))
        let recall = Double(common) / Double(max(counts.reference, 1))
        return switch statistic {
        case .precision: precision
        case .recall: recall
        case .f: common == 0 ? 0 : 2 * precision * recall / (precision + recall)
        }
    }

    func words(of text: String) -> [String] {
        let words = text.lowercased().unicodeScalars.split { scalar in
            !("a"..."z").contains(scalar) && !("0"..."9").contains(scalar)
        }.map { String(String.UnicodeScalarView($0)) }
        return stems ? words.map { $0.count > 3 ? PorterStemmer.stem($0) : $0 } : words
    }
}
