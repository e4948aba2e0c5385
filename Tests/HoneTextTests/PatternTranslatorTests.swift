import HoneCore
import Testing

@testable import HoneText

@Suite struct PatternTranslatorTests {
    /// Parts of `text` when split at `pattern`; matches in brackets.
    private func parts(_ pattern: String, _ text: String) throws -> [String] {
        let translated = try PatternTranslator.translate(pattern)
        let regex = try CompiledPattern(translated: translated, source: pattern)
        var result: [String] = []
        var text = text
        try text.withUTF8 { bytes in
            try Pattern.regex(regex).forEachPart(of: bytes, MatchScratch.forTokenizing()) {
                start, end, isMatch in
                let part = String(decoding: bytes[start..<end], as: UTF8.self)
                result.append(isMatch ? "[\(part)]" : part)
            }
        }
        return result
    }

    /// Oniguruma's `\s` is White_Space: U+0085 is one, U+180E and U+001C are none.
    @Test func matchesUnicodeWhiteSpace() throws {
        #expect(
            try parts(#"\s"#, "a\u{85}b\u{180E}c\u{1C}d\u{3000}") == [
                "a", "[\u{85}]", "b\u{180E}c\u{1C}d", "[\u{3000}]",
            ])
        #expect(try parts(#"[^\s]+"#, "a\u{85}\u{180E} ") == ["[a]", "\u{85}", "[\u{180E}]", " "])
        #expect(try parts(#"[\S]+"#, "a \u{85}b") == ["[a]", " \u{85}", "[b]"])
    }

    /// U+2EBF0 came with Unicode 15.1, U+1C89 and U+10D40 with 16; all are known to Oniguruma.
    @Test func matchesCharactersThatAreNewerThanPCRE2() throws {
        #expect(try parts(#"\p{L}+"#, "a\u{2EBF0}1") == ["[a\u{2EBF0}]", "1"])
        #expect(try parts(#"\p{Lu}"#, "\u{1C89}a") == ["[\u{1C89}]", "a"])
        #expect(try parts(#"[^\p{N}]+"#, "a\u{10D40}") == ["[a]", "\u{10D40}"])
    }

    @Test func repeatsAnIntervalWithAPlusBehindIt() throws {
        // Possessive in PCRE2, a repetition in Oniguruma: five digits are one match.
        #expect(try parts(#"\d{1,3}+"#, "12345") == ["[12345]"])
        #expect(try parts(#"\d{,2}"#, "123") == ["[12]", "[3]"])
    }

    @Test func foldsTheLongS() throws {
        #expect(try parts("(?i:'s)", "a'ſb'S") == ["a", "['ſ]", "b", "['S]"])
    }

    @Test func takesEscapesAndLiterals() throws {
        #expect(try parts(#"[\x{41}-\u0043\-\]]"#, "xA]-D") == ["x", "[A]", "[]]", "[-]", "D"])
        #expect(try parts(#"a{b #"#, "a{b #") == ["[a{b #]"])
        #expect(try parts(#"\v."#, "\u{B}\n\u{B}x") == ["\u{B}\n", "[\u{B}x]"])
    }

    @Test(arguments: [
        "^a", "a$", #"\bx"#, #"(a)\1"#, #"[a[b]]"#, #"[a&&b]"#, "(?m:a)", "(?<n>a)", #"\p{Han}"#,
        #"[\P{L}]"#, #"\h"#, "a**", #"\d{2}?"#, "(a", "a)", "[a", "*a", #"\xE4"#, #"\R"#, "[]a]",
    ])
    func refusesWhatCouldMeanSomethingElse(pattern: String) {
        #expect(throws: PatternTranslator.Unsupported.self) {
            try PatternTranslator.translate(pattern)
        }
    }
}
