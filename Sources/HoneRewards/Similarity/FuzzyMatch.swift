/// How alike two texts are, character by character.
///
/// Formula: 2 · |longest common subsequence| / (|text| + |reference|) over Unicode scalars; 1 for two
/// empty texts. Range [0, 1].
///
/// Source: the normalised Indel similarity, `rapidfuzz.fuzz.ratio` / 100. OpenAI names rapidfuzz for
/// `fuzzy_match` without saying which of its functions; this is the one without further guesses.
public struct FuzzyMatch: Sendable, Hashable {
    public init() {}

    public func score(_ text: String, reference: String) -> Double {
        let a = Array(text.unicodeScalars)
        let b = Array(reference.unicodeScalars)
        guard !a.isEmpty || !b.isEmpty else { return 1 }
        return 2 * Double(CommonSubsequence.length(a, b)) / Double(a.count + b.count)
    }
}
