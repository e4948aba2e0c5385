import HoneCore

/// How a text becomes words before n-grams are counted: the names and rules of sacrebleu.
///
/// Source: sacrebleu 2.6, `sacrebleu/tokenizers`; rules of `mteval-v13a.pl` and `mteval-v14.pl`.
public enum BLEUTokenization: String, ConfigChoice {
    /// Western punctuation set apart, except between digits; four HTML entities read.
    case thirteenA = "13a"
    /// As `13a`, with every Unicode punctuation mark and symbol.
    case international = "intl"
    /// Each character is a word.
    case characters = "char"
    /// The text is already in words with white space between them.
    case none

    /// The words of `text`.
    public func words(of text: String) -> [String] {
        let scalars = Self.withoutTrailingSpace(text)
        let spaced: [Unicode.Scalar] =
            switch self {
            case .none: scalars
            case .characters: scalars.flatMap { [$0, " "] }
            case .thirteenA: Self.thirteenA(scalars)
            case .international: Self.international(scalars)
            }
        return spaced.split(whereSeparator: PythonText.isSpace).map { word in
            String(String.UnicodeScalarView(word))
        }
    }

    private static func withoutTrailingSpace(_ text: String) -> [Unicode.Scalar] {
        var scalars = Array(text.unicodeScalars)
        while let last = scalars.last, PythonText.isSpace(last) { scalars.removeLast() }
        return scalars
    }

    private static func thirteenA(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var text = String(String.UnicodeScalarView(scalars))
            .replacing("<skipped>", with: "").replacing("-\n", with: "").replacing("\n", with: " ")
        if text.contains("&") {
            for (entity, sign) in [
                ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"),
            ] {
                text = text.replacing(entity, with: sign)
            }
        }
        var line = Array((" " + text + " ").unicodeScalars)
        line = line.flatMap { isWesternSign($0) ? [" ", $0, " "] : [$0] }
        line = pairs(line, where: { !isDigit($0) && isStop($1) }, write: { [$0, " ", $1, " "] })
        line = pairs(line, where: { isStop($0) && !isDigit($1) }, write: { [" ", $0, " ", $1] })
        return pairs(line, where: { isDigit($0) && $1 == "-" }, write: { [$0, " ", $1, " "] })
    }

    private static func international(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var line = pairs(
            scalars, where: { !isNumber($0) && isPunctuation($1) },
            write: { [$0, " ", $1, " "] })
        line = pairs(
            line, where: { isPunctuation($0) && !isNumber($1) }, write: { [" ", $0, " ", $1] })
        return line.flatMap { isSymbol($0) ? [" ", $0, " "] : [$0] }
    }

    /// Rewrites neighbours from left to right without overlap, as `re.sub` does.
    private static func pairs(
        _ line: [Unicode.Scalar], where isMatch: (Unicode.Scalar, Unicode.Scalar) -> Bool,
        write: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(line.count + 16)
        var index = 0
        while index < line.count {
            if index + 1 < line.count, isMatch(line[index], line[index + 1]) {
                output += write(line[index], line[index + 1])
                index += 2
            } else {
                output.append(line[index])
                index += 1
            }
        }
        return output
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isStop(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }

    /// `[\{-\~\[-\` -\&\(-\+\:-\@\/]`
    private static func isWesternSign(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
        default: false
        }
    }

    private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }

    private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: true
        default: false
        }
    }
}
