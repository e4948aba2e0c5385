import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

/// The similarities in Swift against sacrebleu, rouge-score, NLTK and rapidfuzz, on the 1,000 pairs made
/// by `Tools/fixtures/similarity.py`.
@Suite struct SimilarityAgreementTests {
    static let tolerance = 1e-6

    static func rows() throws -> [JSONValue] {
        try Fixtures.data("rewards/similarity.jsonl").split(separator: UInt8(ascii: "\n"))
            .map { try JSONValue(parsing: Array($0)) }
    }

    /// Compares `ours` with what `theirs` finds in each row.
    static func compare(
        _ theirs: (JSONValue) -> Double?, _ ours: (_ text: String, _ reference: String) -> Double
    ) throws {
        let rows = try rows()
        #expect(rows.count == 1000)
        var different = 0
        for row in rows {
            let text = try #require(row["text"]?.stringValue)
            let reference = try #require(row["reference"]?.stringValue)
            let expected = try #require(theirs(row))
            let found = ours(text, reference)
            if abs(found - expected) > tolerance {
                different += 1
                if different <= 3 {
                    Issue.record("\(found), not \(expected): \(text) | \(reference)")
                }
            }
        }
        #expect(different == 0)
    }

    @Test(arguments: [
        ("13a", BLEUTokenization.thirteenA, BLEU.Smoothing.exponential),
        ("intl", .international, .exponential), ("char", .characters, .exponential),
        ("none", .none, .exponential), ("floor", .thirteenA, .floor),
        ("add-k", .thirteenA, .addOne), ("unsmoothed", .thirteenA, .none),
    ])
    func bleuIsThatOfSacrebleu(
        _ key: String, _ tokenization: BLEUTokenization, _ smoothing: BLEU.Smoothing
    ) throws {
        var bleu = BLEU()
        bleu.tokenization = tokenization
        bleu.smoothing = smoothing
        try Self.compare({ $0["bleu"]?[key]?.doubleValue }, { bleu.score($0, reference: $1) })
    }

    @Test(arguments: [
        ("rouge1", ROUGE.Kind.ngrams(1)), ("rouge2", .ngrams(2)), ("rouge3", .ngrams(3)),
        ("rouge4", .ngrams(4)), ("rouge5", .ngrams(5)), ("rougeL", .longestCommonSubsequence),
    ])
    func rougeIsThatOfRougeScore(_ key: String, _ kind: ROUGE.Kind) throws {
        for (index, statistic) in [ROUGE.Statistic.precision, .recall, .f].enumerated() {
            var rouge = ROUGE(kind)
            rouge.statistic = statistic
            try Self.compare(
                { $0["rouge"]?[key]?.arrayValue?[index].doubleValue },
                { rouge.score($0, reference: $1) })
        }
        if key == "rouge1" || key == "rougeL" {
            var rouge = ROUGE(kind)
            rouge.stems = true
            try Self.compare(
                { $0["stemmed"]?[key]?.doubleValue }, { rouge.score($0, reference: $1) })
        }
    }

    @Test func gleuAndMeteorAreThoseOfNLTK() throws {
        try Self.compare({ $0["gleu"]?.doubleValue }, { GLEU().score($0, reference: $1) })
        try Self.compare({ $0["meteor"]?.doubleValue }, { METEOR().score($0, reference: $1) })
    }

    @Test func fuzzyMatchIsTheRatioOfRapidfuzz() throws {
        try Self.compare({ $0["fuzzy"]?.doubleValue }, { FuzzyMatch().score($0, reference: $1) })
    }
}

@Suite struct PorterStemmerTests {
    /// The examples of Porter's paper and those where NLTK departs from it.
    @Test(arguments: [
        ("caresses", "caress"), ("ponies", "poni"), ("ties", "tie"), ("feed", "feed"),
        ("agreed", "agre"), ("plastered", "plaster"), ("motoring", "motor"), ("sing", "sing"),
        ("hopping", "hop"), ("falling", "fall"), ("filing", "file"), ("happy", "happi"),
        ("enjoy", "enjoy"), ("relational", "relat"), ("vietnamization", "vietnam"),
        ("adoption", "adopt"), ("controll", "control"), ("skies", "sky"), ("dying", "die"),
        ("spied", "spi"), ("died", "die"), ("geology", "geolog"), ("radically", "radic"),
    ])
    func stemsAsNLTK(_ word: String, _ stem: String) {
        #expect(PorterStemmer.stem(word) == stem)
    }
}
