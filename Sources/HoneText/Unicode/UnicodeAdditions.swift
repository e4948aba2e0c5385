/// What PCRE2's tables lack of the classes that the `tokenizers` library knows, in PCRE2's notation
/// for use within brackets.
///
/// Oniguruma 6.9.10, which the library uses, knows Unicode 16; PCRE2 10.40 to 10.42, as Linux
/// distributions ship it, knows Unicode 14. Patterns name both the category and its additions, so
/// that a match does not depend on the installed PCRE2.
/// Made by `Tools/fixtures/tokenizer_fixtures.py unicode`.
enum UnicodeAdditions {
    /// What Unicode 15, 15.1 and 16 added to each general category. A category that is missing here
    /// is not known to be the same on both sides.
    static let ranges: [String: String] = [
        "L": #"""
        \x{1c89}-\x{1c8a}\x{a7cb}-\x{a7cd}\x{a7da}-\x{a7dc}\x{105c0}-\x{105f3}\#
        \x{10d4a}-\x{10d65}\x{10d6f}-\x{10d85}\x{10ec2}-\x{10ec4}\x{1123f}-\x{11240}\#
        \x{11380}-\x{11389}\x{1138b}\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1}\x{113d3}\#
        \x{11bc0}-\x{11be0}\x{11f02}\x{11f04}-\x{11f10}\x{11f12}-\x{11f33}\x{1342f}\#
        \x{13441}-\x{13446}\x{13460}-\x{143fa}\x{16100}-\x{1611d}\x{16d40}-\x{16d6c}\x{18cff}\#
        \x{1b132}\x{1b155}\x{1df25}-\x{1df2a}\x{1e030}-\x{1e06d}\x{1e4d0}-\x{1e4eb}\#
        \x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2b739}\x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af}
        """#,
        "Lu": #"\x{1c89}\x{a7cb}-\x{a7cc}\x{a7da}\x{a7dc}\x{10d50}-\x{10d65}"#,
        "Ll": #"\x{1c8a}\x{a7cd}\x{a7db}\x{10d70}-\x{10d85}\x{1df25}-\x{1df2a}"#,
        "Lt": #""#,
        "Lm":
            #"\x{10d4e}\x{10d6f}\x{16d40}-\x{16d42}\x{16d6b}-\x{16d6c}\x{1e030}-\x{1e06d}\x{1e4eb}"#,
        "Lo": #"""
        \x{105c0}-\x{105f3}\x{10d4a}-\x{10d4d}\x{10d4f}\x{10ec2}-\x{10ec4}\x{1123f}-\x{11240}\#
        \x{11380}-\x{11389}\x{1138b}\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1}\x{113d3}\#
        \x{11bc0}-\x{11be0}\x{11f02}\x{11f04}-\x{11f10}\x{11f12}-\x{11f33}\x{1342f}\#
        \x{13441}-\x{13446}\x{13460}-\x{143fa}\x{16100}-\x{1611d}\x{16d43}-\x{16d6a}\x{18cff}\#
        \x{1b132}\x{1b155}\x{1e4d0}-\x{1e4ea}\x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2b739}\#
        \x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af}
        """#,
        "M": #"""
        \x{897}\x{cf3}\x{ece}\x{10d69}-\x{10d6d}\x{10efc}-\x{10eff}\x{11241}\#
        \x{113b8}-\x{113c0}\x{113c2}\x{113c5}\x{113c7}-\x{113ca}\x{113cc}-\x{113d0}\x{113d2}\#
        \x{113e1}-\x{113e2}\x{11f00}-\x{11f01}\x{11f03}\x{11f34}-\x{11f3a}\x{11f3e}-\x{11f42}\#
        \x{11f5a}\x{13440}\x{13447}-\x{13455}\x{1611e}-\x{1612f}\x{1e08f}\x{1e4ec}-\x{1e4ef}\#
        \x{1e5ee}-\x{1e5ef}
        """#,
        "N": #"""
        \x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9}\x{11f50}-\x{11f59}\#
        \x{16130}-\x{16139}\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9}\x{1d2c0}-\x{1d2d3}\#
        \x{1e4f0}-\x{1e4f9}\x{1e5f1}-\x{1e5fa}
        """#,
        "Nd": #"""
        \x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9}\x{11f50}-\x{11f59}\#
        \x{16130}-\x{16139}\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9}\x{1e4f0}-\x{1e4f9}\#
        \x{1e5f1}-\x{1e5fa}
        """#,
        "Nl": #""#,
        "No": #"\x{1d2c0}-\x{1d2d3}"#,
        "P": #"""
        \x{1b4e}-\x{1b4f}\x{1b7f}\x{10d6e}\x{113d4}-\x{113d5}\x{113d7}-\x{113d8}\#
        \x{11b00}-\x{11b09}\x{11be1}\x{11f43}-\x{11f4f}\x{16d6d}-\x{16d6f}\x{1e5ff}
        """#,
        "Pc": #""#,
        "Pd": #"\x{10d6e}"#,
        "Ps": #""#,
        "Pe": #""#,
        "Pi": #""#,
        "Pf": #""#,
        "Po": #"""
        \x{1b4e}-\x{1b4f}\x{1b7f}\x{113d4}-\x{113d5}\x{113d7}-\x{113d8}\x{11b00}-\x{11b09}\#
        \x{11be1}\x{11f43}-\x{11f4f}\x{16d6d}-\x{16d6f}\x{1e5ff}
        """#,
        "S": #"""
        \x{2427}-\x{2429}\x{2ffc}-\x{2fff}\x{31e4}-\x{31e5}\x{31ef}\x{10d8e}-\x{10d8f}\#
        \x{1cc00}-\x{1ccef}\x{1cd00}-\x{1ceb3}\x{1f6dc}\x{1f774}-\x{1f776}\x{1f77b}-\x{1f77f}\#
        \x{1f7d9}\x{1f8b2}-\x{1f8bb}\x{1f8c0}-\x{1f8c1}\x{1fa75}-\x{1fa77}\x{1fa87}-\x{1fa89}\#
        \x{1fa8f}\x{1faad}-\x{1faaf}\x{1fabb}-\x{1fabf}\x{1fac6}\x{1face}-\x{1facf}\#
        \x{1fada}-\x{1fadc}\x{1fadf}\x{1fae8}-\x{1fae9}\x{1faf7}-\x{1faf8}\x{1fbcb}-\x{1fbef}
        """#,
        "Sm": #"\x{10d8e}-\x{10d8f}"#,
        "Sc": #""#,
        "Sk": #""#,
        "So": #"""
        \x{2427}-\x{2429}\x{2ffc}-\x{2fff}\x{31e4}-\x{31e5}\x{31ef}\x{1cc00}-\x{1ccef}\#
        \x{1cd00}-\x{1ceb3}\x{1f6dc}\x{1f774}-\x{1f776}\x{1f77b}-\x{1f77f}\x{1f7d9}\#
        \x{1f8b2}-\x{1f8bb}\x{1f8c0}-\x{1f8c1}\x{1fa75}-\x{1fa77}\x{1fa87}-\x{1fa89}\x{1fa8f}\#
        \x{1faad}-\x{1faaf}\x{1fabb}-\x{1fabf}\x{1fac6}\x{1face}-\x{1facf}\x{1fada}-\x{1fadc}\#
        \x{1fadf}\x{1fae8}-\x{1fae9}\x{1faf7}-\x{1faf8}\x{1fbcb}-\x{1fbef}
        """#,
        "Z": #""#,
        "Zs": #""#,
        "Zl": #""#,
        "Zp": #""#,
        "Cc": #""#,
        "Cf": #"\x{13439}-\x{1343f}"#,
    ]

    /// What is numeric to Rust's `char::is_numeric` (Unicode 17) beyond Unicode 16's category N.
    static let numeric = #"\x{11de0}-\x{11de9}\x{16ff4}-\x{16ff6}"#

    /// All that the `Punctuation` pre-tokenizer finds (ASCII's, and Unicode 8's category P).
    static let punctuation = #"""
        \x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}\x{a1}\x{a7}\x{ab}\x{b6}-\x{b7}\#
        \x{bb}\x{bf}\x{37e}\x{387}\x{55a}-\x{55f}\x{589}-\x{58a}\x{5be}\x{5c0}\x{5c3}\x{5c6}\#
        \x{5f3}-\x{5f4}\x{609}-\x{60a}\x{60c}-\x{60d}\x{61b}\x{61e}-\x{61f}\x{66a}-\x{66d}\#
        \x{6d4}\x{700}-\x{70d}\x{7f7}-\x{7f9}\x{830}-\x{83e}\x{85e}\x{964}-\x{965}\x{970}\x{af0}\#
        \x{df4}\x{e4f}\x{e5a}-\x{e5b}\x{f04}-\x{f12}\x{f14}\x{f3a}-\x{f3d}\x{f85}\x{fd0}-\x{fd4}\#
        \x{fd9}-\x{fda}\x{104a}-\x{104f}\x{10fb}\x{1360}-\x{1368}\x{1400}\x{166d}-\x{166e}\#
        \x{169b}-\x{169c}\x{16eb}-\x{16ed}\x{1735}-\x{1736}\x{17d4}-\x{17d6}\x{17d8}-\x{17da}\#
        \x{1800}-\x{180a}\x{1944}-\x{1945}\x{1a1e}-\x{1a1f}\x{1aa0}-\x{1aa6}\x{1aa8}-\x{1aad}\#
        \x{1b5a}-\x{1b60}\x{1bfc}-\x{1bff}\x{1c3b}-\x{1c3f}\x{1c7e}-\x{1c7f}\x{1cc0}-\x{1cc7}\#
        \x{1cd3}\x{2010}-\x{2027}\x{2030}-\x{2043}\x{2045}-\x{2051}\x{2053}-\x{205e}\#
        \x{207d}-\x{207e}\x{208d}-\x{208e}\x{2308}-\x{230b}\x{2329}-\x{232a}\x{2768}-\x{2775}\#
        \x{27c5}-\x{27c6}\x{27e6}-\x{27ef}\x{2983}-\x{2998}\x{29d8}-\x{29db}\x{29fc}-\x{29fd}\#
        \x{2cf9}-\x{2cfc}\x{2cfe}-\x{2cff}\x{2d70}\x{2e00}-\x{2e2e}\x{2e30}-\x{2e42}\#
        \x{3001}-\x{3003}\x{3008}-\x{3011}\x{3014}-\x{301f}\x{3030}\x{303d}\x{30a0}\x{30fb}\#
        \x{a4fe}-\x{a4ff}\x{a60d}-\x{a60f}\x{a673}\x{a67e}\x{a6f2}-\x{a6f7}\x{a874}-\x{a877}\#
        \x{a8ce}-\x{a8cf}\x{a8f8}-\x{a8fa}\x{a8fc}\x{a92e}-\x{a92f}\x{a95f}\x{a9c1}-\x{a9cd}\#
        \x{a9de}-\x{a9df}\x{aa5c}-\x{aa5f}\x{aade}-\x{aadf}\x{aaf0}-\x{aaf1}\x{abeb}\#
        \x{fd3e}-\x{fd3f}\x{fe10}-\x{fe19}\x{fe30}-\x{fe52}\x{fe54}-\x{fe61}\x{fe63}\x{fe68}\#
        \x{fe6a}-\x{fe6b}\x{ff01}-\x{ff03}\x{ff05}-\x{ff0a}\x{ff0c}-\x{ff0f}\x{ff1a}-\x{ff1b}\#
        \x{ff1f}-\x{ff20}\x{ff3b}-\x{ff3d}\x{ff3f}\x{ff5b}\x{ff5d}\x{ff5f}-\x{ff65}\#
        \x{10100}-\x{10102}\x{1039f}\x{103d0}\x{1056f}\x{10857}\x{1091f}\x{1093f}\#
        \x{10a50}-\x{10a58}\x{10a7f}\x{10af0}-\x{10af6}\x{10b39}-\x{10b3f}\x{10b99}-\x{10b9c}\#
        \x{11047}-\x{1104d}\x{110bb}-\x{110bc}\x{110be}-\x{110c1}\x{11140}-\x{11143}\#
        \x{11174}-\x{11175}\x{111c5}-\x{111c9}\x{111cd}\x{111db}\x{111dd}-\x{111df}\#
        \x{11238}-\x{1123d}\x{112a9}\x{114c6}\x{115c1}-\x{115d7}\x{11641}-\x{11643}\#
        \x{1173c}-\x{1173e}\x{12470}-\x{12474}\x{16a6e}-\x{16a6f}\x{16af5}\x{16b37}-\x{16b3b}\#
        \x{16b44}\x{1bc9f}\x{1da87}-\x{1da8b}
        """#
}
