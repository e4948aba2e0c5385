import HoneCore

/// How much of a completion is in a language, by a rule of thumb.
///
/// Formula: for a language with a script of its own the share of letters in that script. For a language in
/// Latin letters the share of Latin letters times h / max h, where h is how many words are among the
/// commonest words of the language and max h the same of the language that has most; 0 if no word is.
/// A text of fewer than `min_words` words (letters for Chinese, Japanese and Thai) is too short to tell:
/// the function abstains. Range [0, 1].
///
/// Not told apart: languages that share a script (Russian from Ukrainian, Arabic from Persian, Hindi from
/// Marathi), and Latin ones that are not in the list. Code and formulas count as Latin letters.
public struct LanguageReward: RewardFunction {
    public let name: String
    public var language: Language
    public var minimumWords: Int

    public init(
        name: String = "language", _ language: Language, minimumWords: Int = Options().minimumWords
    ) {
        self.name = name
        self.language = language
        self.minimumWords = minimumWords
    }

    public struct Options: DeclaredReward {
        public var language: Language = .english
        public var minimumWords = 5

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "How much of the text is in a language, by its script or its commonest words."
        public static let fields: [ConfigField<Options>] = [
            .required("language", \.language, "Two letters of ISO 639-1."),
            ConfigField(
                "min_words", \.minimumWords, "A shorter text has no score from this function.",
                .atLeast(1)),
        ]

        public func function(name: String) -> any RewardFunction {
            LanguageReward(name: name, language, minimumWords: minimumWords)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map(score)
    }

    private func score(_ text: String) -> Score {
        let letters = text.unicodeScalars.filter(\.properties.isAlphabetic)
        let words = text.lowercased().split { !$0.isLetter && $0 != "'" }
        let length = language.hasSpaces ? words.count : letters.count
        guard length >= minimumWords, !letters.isEmpty else { return .abstained }
        let share = Double(letters.count(where: language.writes)) / Double(letters.count)
        guard let common = language.commonWords else { return .value(share) }
        let hits = words.count { common.contains(String($0)) }
        let most =
            Language.allCases.compactMap(\.commonWords)
            .map { list in words.count { list.contains(String($0)) } }.max() ?? 0
        return .value(most == 0 ? 0 : share * Double(hits) / Double(most))
    }
}

/// A language that ``LanguageReward`` knows.
public enum Language: String, ConfigChoice {
    case english = "en"
    case german = "de"
    case french = "fr"
    case spanish = "es"
    case italian = "it"
    case portuguese = "pt"
    case dutch = "nl"
    case russian = "ru"
    case greek = "el"
    case arabic = "ar"
    case hebrew = "he"
    case hindi = "hi"
    case thai = "th"
    case chinese = "zh"
    case japanese = "ja"
    case korean = "ko"

    var hasSpaces: Bool {
        switch self {
        case .thai, .chinese, .japanese: false
        default: true
        }
    }

    /// Whether the letter belongs to the language's script.
    func writes(_ letter: Unicode.Scalar) -> Bool {
        switch self {
        case .english, .german, .french, .spanish, .italian, .portuguese, .dutch:
            return letter.value < 0x250 || (0x1E00...0x1EFF).contains(letter.value)
        case .russian: return (0x400...0x52F).contains(letter.value)
        case .greek: return (0x370...0x3FF).contains(letter.value)
        case .arabic:
            return (0x600...0x6FF).contains(letter.value) || (0x750...0x77F).contains(letter.value)
        case .hebrew: return (0x590...0x5FF).contains(letter.value)
        case .hindi: return (0x900...0x97F).contains(letter.value)
        case .thai: return (0xE00...0xE7F).contains(letter.value)
        case .chinese: return Self.isHan(letter)
        case .japanese: return Self.isHan(letter) || (0x3040...0x30FF).contains(letter.value)
        case .korean:
            return (0xAC00...0xD7A3).contains(letter.value)
                || (0x1100...0x11FF).contains(letter.value)
        }
    }

    private static func isHan(_ letter: Unicode.Scalar) -> Bool {
        (0x4E00...0x9FFF).contains(letter.value) || (0x3400...0x4DBF).contains(letter.value)
            || (0x20000...0x3FFFF).contains(letter.value) || letter == "々"
    }

    /// Some of the commonest words, for languages in Latin letters.
    var commonWords: Set<String>? { Self.common[self] }

    private static let common: [Language: Set<String>] = [
        .english: [
            "the", "of", "and", "to", "a", "in", "is", "that", "it", "for", "was", "on", "are",
            "with",
            "as", "this", "be", "by", "we", "have", "not", "which", "from", "they", "an", "so",
            "or",
        ],
        .german: [
            "der", "die", "und", "das", "ist", "nicht", "ein", "eine", "zu", "den", "mit", "von",
            "auf",
            "für", "dem", "sich", "des", "es", "wir", "ich", "auch", "werden", "wird", "sind", "im",
        ],
        .french: [
            "le", "la", "les", "de", "des", "et", "est", "un", "une", "du", "que", "qui", "dans",
            "pour",
            "pas", "sur", "au", "plus", "par", "nous", "ce", "il", "avec", "sont", "en",
        ],
        .spanish: [
            "el", "la", "los", "las", "de", "y", "que", "en", "es", "un", "una", "por", "con",
            "para",
            "no", "se", "del", "al", "lo", "como", "más", "su", "pero", "son", "está",
        ],
        .italian: [
            "il", "la", "i", "gli", "le", "di", "e", "che", "è", "un", "una", "per", "non", "con",
            "del",
            "della", "si", "sono", "in", "da", "al", "come", "più", "anche", "questo",
        ],
        .portuguese: [
            "o", "a", "os", "as", "de", "e", "que", "em", "é", "um", "uma", "do", "da", "não",
            "para",
            "com", "por", "no", "na", "se", "mais", "como", "são", "ao", "mas",
        ],
        .dutch: [
            "de", "het", "een", "en", "van", "is", "dat", "niet", "in", "op", "te", "met", "voor",
            "zijn",
            "die", "er", "aan", "ook", "wordt", "we", "als", "maar", "bij", "dit", "naar",
        ],
    ]
}
