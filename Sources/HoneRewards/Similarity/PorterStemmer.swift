/// Takes English endings off words: `relational` → `relat`.
///
/// Source: Porter 1980, "An algorithm for suffix stripping", with the departures of NLTK 3.10
/// (`PorterStemmer`, mode NLTK_EXTENSIONS), because `rouge-score` and METEOR take that one.
enum PorterStemmer {
    /// The stem of `word`, in lower case.
    static func stem(_ word: String) -> String {
        let lower = word.lowercased()
        if let known = irregular[lower] { return known }
        guard word.unicodeScalars.count > 2 else { return lower }
        var stem = Stem(Array(lower.unicodeScalars))
        stem.dropPlural()
        stem.dropPast()
        stem.turnY()
        stem.shortenDouble()
        stem.apply(thirdRules)
        stem.apply(fourthRules)
        stem.dropE()
        stem.dropL()
        return String(String.UnicodeScalarView(stem.letters))
    }

    private static let irregular = [
        "sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie",
        "news": "news", "innings": "inning", "inning": "inning", "outings": "outing",
        "outing": "outing", "cannings": "canning", "canning": "canning", "howe": "howe",
        "proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
    ]

    /// An ending, what takes its place, and what the rest must be like.
    struct Rule: Sendable {
        let ending: [Unicode.Scalar]
        let replacement: [Unicode.Scalar]
        let isMet: @Sendable (Stem) -> Bool

        init(
            _ ending: String, _ replacement: String = "",
            _ isMet: @escaping @Sendable (Stem) -> Bool = { _ in true }
        ) {
            self.ending = Array(ending.unicodeScalars)
            self.replacement = Array(replacement.unicodeScalars)
            self.isMet = isMet
        }
    }

    static let firstRules = [Rule("sses", "ss"), Rule("ies", "i"), Rule("ss", "ss"), Rule("s")]

    static let secondRules: [Rule] =
        [
            ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"),
            ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"),
            ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"),
            ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
            ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful"),
        ].map { Rule($0.0, $0.1) { $0.measure > 0 } } + [
            // The l belongs to the stem, so that short ones as geo- count.
            Rule("logi", "log") { Stem($0.letters + ["l"]).measure > 0 }
        ]

    private static let thirdRules = [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"),
        ("ful", ""), ("ness", ""),
    ].map { Rule($0.0, $0.1) { $0.measure > 0 } }

    private static let fourthRules: [Rule] =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"]
        .map { Rule($0) { $0.measure > 1 } }
        + [
            Rule("ion") { stem in
                stem.measure > 1 && (stem.letters.last == "s" || stem.letters.last == "t")
            }
        ]
        + ["ou", "ism", "ate", "iti", "ous", "ive", "ize"].map { Rule($0) { $0.measure > 1 } }
}
