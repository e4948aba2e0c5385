import Foundation
import HoneCore

/// BLEU of one text against one reference.
///
/// Formula: BP · exp(Σₙ ln pₙ / N), n = 1…N, N = 4 lowered to the longest n-gram the text has
/// (sacrebleu's effective order); pₙ = matched n-grams / n-grams of the text; BP = 1 for a text at least
/// as long as the reference, else exp(1 − |reference| / |text|) in words. Without any match the score is
/// 0. Range [0, 1]: sacrebleu's score / 100.
///
/// Source: Papineni et al. 2002; smoothing after Chen and Cherry 2014; sacrebleu 2.6
/// `sentence_bleu`, with which it agrees to 1e-6 (`Tools/fixtures/similarity.py`).
public struct BLEU: Sendable, Hashable {
    public var tokenization: BLEUTokenization = .thirteenA
    public var smoothing: Smoothing = .exponential

    /// What stands for pₙ where no n-gram of that order matches.
    public enum Smoothing: String, ConfigChoice {
        /// 1 / (2ᵏ · n-grams) for the k-th order without a match (NIST).
        case exponential = "exp"
        /// 0.1 / n-grams.
        case floor
        /// One is added to matches and n-grams of the orders above 1.
        case addOne = "add-k"
        /// 0, and so the score is 0.
        case none
    }

    private static let highestOrder = 4

    public init() {}

    public func score(_ text: String, reference: String) -> Double {
        let words = tokenization.words(of: text)
        let expected = tokenization.words(of: reference)
        var matches: [Double] = []
        var totals: [Double] = []
        for order in 1...Self.highestOrder {
            let counts = WordCounts(words, order: order)
            matches.append(Double(counts.overlap(WordCounts(expected, order: order))))
            totals.append(Double(counts.total))
        }
        guard matches.contains(where: { $0 > 0 }) else { return 0 }
        var sum = 0.0
        var orders = 0
        var factor = 1.0
        for index in matches.indices {
            if smoothing == .addOne, index > 0 {
                matches[index] += 1
                totals[index] += 1
            }
            if totals[index] == 0 { break }
            orders = index + 1
            let precision: Double
            if matches[index] > 0 {
                precision = matches[index] / totals[index]
            } else {
                switch smoothing {
                case .exponential:
                    factor *= 2
                    precision = 1 / (factor * totals[index])
                case .floor: precision = 0.1 / totals[index]
                case .addOne, .none: precision = 0
                }
            }
            if precision == 0 { return 0 }
            sum += log(precision)
        }
        let brevity =
            words.count < expected.count
            ? exp(1 - Double(expected.count) / Double(words.count)) : 1
        return brevity * exp(sum / Double(orders))
    }
}
