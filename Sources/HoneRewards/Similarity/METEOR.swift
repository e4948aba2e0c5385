import Foundation

/// METEOR of one text against one reference, without synonyms.
///
/// Formula: words are matched if they are equal after lower-casing, then if their stems are (Porter);
/// with m matches, P = m / |text|, R = m / |reference|, F = P R / (0.9 P + 0.1 R); with c the number of
/// runs of matches that are neighbours in both texts, the score is F · (1 − 0.5 (c / m)³). Range [0, 1].
///
/// Source: Lavie and Agarwal 2007; NLTK's `single_meteor_score` with a WordNet that knows no
/// synonyms. We differ from NLTK with WordNet in that synonyms do not match.
public struct METEOR: Sendable, Hashable {
    public var tokenization: BLEUTokenization = .thirteenA

    public init() {}

    public func score(_ text: String, reference: String) -> Double {
        let words = tokenization.words(of: text).map { $0.lowercased() }
        let expected = tokenization.words(of: reference).map { $0.lowercased() }
        var open = Array(words.enumerated())
        var free = Array(expected.enumerated())
        var matches = Self.match(&open, &free) { $0 }
        matches += Self.match(&open, &free, by: PorterStemmer.stem)
        guard !matches.isEmpty else { return 0 }
        matches.sort { $0.text < $1.text }
        let count = Double(matches.count)
        let precision = count / Double(words.count)
        let recall = count / Double(expected.count)
        let mean = precision * recall / (0.9 * precision + 0.1 * recall)
        let breaks = zip(matches, matches.dropFirst()).count { first, second in
            second.text != first.text + 1 || second.reference != first.reference + 1
        }
        return mean * (1 - 0.5 * pow(Double(breaks + 1) / count, 3))
    }

    private typealias Pair = (text: Int, reference: Int)
    private typealias Place = EnumeratedSequence<[String]>.Element

    /// Pairs places from the end of the text on, each with the last free place of the same key; takes
    /// them out of both lists.
    private static func match(
        _ open: inout [Place], _ free: inout [Place], by key: (String) -> String
    ) -> [Pair] {
        var places: [String: [Int]] = [:]
        for (index, place) in free.enumerated() {
            places[key(place.element), default: []].append(index)
        }
        var matches: [Pair] = []
        var usedText: Set<Int> = []
        var usedReference: Set<Int> = []
        for index in open.indices.reversed() {
            guard let other = places[key(open[index].element)]?.popLast() else { continue }
            usedText.insert(index)
            usedReference.insert(other)
            matches.append((open[index].offset, free[other].offset))
        }
        open = open.indices.filter { !usedText.contains($0) }.map { open[$0] }
        free = free.indices.filter { !usedReference.contains($0) }.map { free[$0] }
        return matches
    }
}
