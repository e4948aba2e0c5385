/// Writes a regular expression in the dialect of the `tokenizers` library (Oniguruma, Unicode 16) as
/// one that means the same to PCRE2.
///
/// What differs and is rewritten: `\s`, `\d` and `\w` are Unicode's White_Space, Nd and L, M, Nd, Pc;
/// `\v` is one character; `{,n}` is a quantifier; `+` behind `{n,m}` repeats and does not make it
/// possessive; categories gain what Unicode added after PCRE2's tables (``UnicodeAdditions``).
/// Whatever else could differ (anchors, `\b`, back references, nested classes, inline flags but
/// `i`) is refused; no published pattern of the supported families has it.
struct PatternTranslator {
    /// What the translator does not know.
    struct Unsupported: Error {
        var construct: String
    }

    private let input: [Unicode.Scalar]
    private var position = 0
    private var output = ""
    /// Where in `output` the last atom begins, for quantifiers that must wrap it.
    private var atom: String.Index?
    private var groups: [String.Index] = []

    private init(_ pattern: String) { input = Array(pattern.unicodeScalars) }

    /// `pattern`, for PCRE2 with its UTF and UCP options.
    static func translate(_ pattern: String) throws(Unsupported) -> String {
        var translator = PatternTranslator(pattern)
        while translator.position < translator.input.count { try translator.item() }
        guard translator.groups.isEmpty else { throw Unsupported(construct: "an open group") }
        return translator.output
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        let index = position + offset
        return index < input.count ? input[index] : nil
    }

    private func follows(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return position + scalars.count <= input.count
            && Array(input[position..<position + scalars.count]) == scalars
    }

    private mutating func emitAtom(_ text: String) {
        atom = output.endIndex
        output += text
    }

    private mutating func item() throws(Unsupported) {
        let scalar = input[position]
        switch scalar {
        case "|":
            output += "|"
            atom = nil
            position += 1
        case "(": try openGroup()
        case ")":
            guard let start = groups.popLast() else { throw Unsupported(construct: "a lone ')'") }
            output += ")"
            atom = start
            position += 1
        case "[": try characterClass()
        case "\\":
            let text = try escape(inClass: false)
            emitAtom(text)
        case "*", "+", "?": try quantifier(String(Character(scalar)), length: 1, isInterval: false)
        case "{":
            if let (text, length) = interval() {
                try quantifier(text, length: length, isInterval: true)
            } else {
                emitAtom("\\{")
                position += 1
            }
        case ".":
            emitAtom("[^\\n]")
            position += 1
        case "^", "$": throw Unsupported(construct: "the anchor \(scalar)")
        default:
            emitAtom(Self.literal(scalar))
            position += 1
        }
    }

    private mutating func openGroup() throws(Unsupported) {
        groups.append(output.endIndex)
        for prefix in ["(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"] where follows(prefix) {
            output += prefix
            position += prefix.unicodeScalars.count
            atom = nil
            return
        }
        guard peek(1) != "?", peek(1) != "*" else {
            let end = min(position + 4, input.count)
            let text = String(String.UnicodeScalarView(input[position..<end]))
            throw Unsupported(construct: "the group \(text)…")
        }
        // Without back references, a capture is only a group.
        output += "(?:"
        position += 1
        atom = nil
    }

    /// The quantifier `{…}` at the position, as PCRE2 writes it, and its length; nil if it is none.
    private func interval() -> (String, Int)? {
        guard let close = input[position...].firstIndex(of: "}") else { return nil }
        let body = input[(position + 1)..<close]
        let bounds = body.split(separator: ",", omittingEmptySubsequences: false)
        guard (1...2).contains(bounds.count),
            bounds.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } }),
            bounds.contains(where: { !$0.isEmpty })
        else { return nil }
        let texts = bounds.map { String(String.UnicodeScalarView($0)) }
        let low = texts[0].isEmpty ? "0" : texts[0]
        let text = texts.count == 1 ? "{\(low)}" : "{\(low),\(texts[1])}"
        return (text, close - position + 1)
    }

    private mutating func quantifier(
        _ text: String, length: Int, isInterval: Bool
    ) throws(Unsupported) {
        guard let start = atom else { throw Unsupported(construct: "a quantifier without an atom") }
        position += length
        output += text
        switch peek() {
        case "?":
            guard !isInterval || text.contains(",") else {
                throw Unsupported(construct: "\(text)?")
            }
            output += "?"
            position += 1
        case "+" where isInterval:
            output.insert(contentsOf: "(?:", at: start)
            output += ")+"
            position += 1
        case "+":
            output += "+"
            position += 1
        default: break
        }
        // A second quantifier on the same atom is a repetition of the first one's result.
        guard let next = peek(), ["*", "+", "?"].contains(next) || next == "{" && interval() != nil
        else {
            atom = nil
            return
        }
        throw Unsupported(construct: "a quantifier behind a quantifier")
    }

    private static func literal(_ scalar: Unicode.Scalar) -> String {
        if scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) {
            return hex(scalar)
        }
        return String(Character(scalar))
    }

    private static func hex(_ scalar: Unicode.Scalar) -> String {
        "\\x{\(String(scalar.value, radix: 16))}"
    }

    // MARK: Classes and escapes

    private mutating func characterClass() throws(Unsupported) {
        var text = "["
        position += 1
        if peek() == "^" {
            text += "^"
            position += 1
        }
        guard peek() != "]" else { throw Unsupported(construct: "']' first in a class") }
        while let scalar = peek() {
            switch scalar {
            case "]":
                position += 1
                emitAtom(text + "]")
                return
            case "[": throw Unsupported(construct: "a class within a class")
            case "&" where peek(1) == "&": throw Unsupported(construct: "&& in a class")
            case "\\":
                if let single = try escapedScalar() {
                    text += try range(from: single)
                } else {
                    text += try escape(inClass: true)
                }
            default:
                position += 1
                text += try range(from: scalar)
            }
        }
        throw Unsupported(construct: "an open class")
    }

    /// `first` alone, or the range that begins with it.
    private mutating func range(from first: Unicode.Scalar) throws(Unsupported) -> String {
        guard peek() == "-", let next = peek(1), next != "]" else { return Self.hex(first) }
        position += 1
        let last: Unicode.Scalar
        if next == "\\" {
            guard let single = try escapedScalar() else {
                throw Unsupported(construct: "a range that ends in a category")
            }
            last = single
        } else {
            position += 1
            last = next
        }
        guard first <= last else { throw Unsupported(construct: "an empty range in a class") }
        return Self.hex(first) + "-" + Self.hex(last)
    }

    /// The character that the escape at the position stands for; nil, without moving, if it stands
    /// for a category.
    private mutating func escapedScalar() throws(Unsupported) -> Unicode.Scalar? {
        guard let letter = peek(1) else { throw Unsupported(construct: "a lone '\\'") }
        let controls: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "r": "\r", "t": "\t", "f": "\u{0C}", "v": "\u{0B}", "a": "\u{07}",
            "e": "\u{1B}",
        ]
        if let control = controls[letter] {
            position += 2
            return control
        }
        if letter == "x" || letter == "u" { return try hexEscape(letter) }
        let isWordLike = letter.properties.isAlphabetic || ("0"..."9").contains(letter)
        guard !isWordLike else { return nil }
        position += 2
        return letter
    }

    private mutating func hexEscape(_ letter: Unicode.Scalar) throws(Unsupported) -> Unicode.Scalar
    {
        position += 2
        var digits = ""
        let hasBraces = letter == "x" && peek() == "{"
        if hasBraces {
            position += 1
            while let scalar = peek(), scalar != "}" {
                digits.unicodeScalars.append(scalar)
                position += 1
            }
            position += 1
        } else {
            let limit = letter == "x" ? 2 : 4
            while digits.count < limit, let scalar = peek(), scalar.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(scalar)
                position += 1
            }
        }
        guard let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value),
            // `\xE4` is a byte to Oniguruma, not a character.
            hasBraces || letter == "u" || value < 0x80
        else { throw Unsupported(construct: "the escape \\\(letter)\(digits)") }
        return scalar
    }

    /// The escape at the position, for use within brackets or alone.
    private mutating func escape(inClass: Bool) throws(Unsupported) -> String {
        if let single = try escapedScalar() {
            return inClass ? Self.hex(single) : Self.literal(single)
        }
        let letter = input[position + 1]
        position += 2
        switch letter {
        case "s": return inClass ? Self.space : "[\(Self.space)]"
        case "S": return inClass ? "\\P{White_Space}" : "[^\(Self.space)]"
        case "d", "w":
            let body = letter == "d" ? try category("Nd") : try word()
            return inClass ? body : "[\(body)]"
        case "D", "W":
            guard !inClass else { throw Unsupported(construct: "\\\(letter) in a class") }
            let body = letter == "D" ? try category("Nd") : try word()
            return "[^\(body)]"
        case "p", "P": return try property(isNegated: letter == "P", inClass: inClass)
        default: throw Unsupported(construct: "the escape \\\(letter)")
        }
    }

    /// White_Space, for use within brackets.
    private static let space = #"\x{9}-\x{d}\x{85}\p{Z}"#

    private func word() throws(Unsupported) -> String {
        try category("L") + category("M") + category("Nd") + category("Pc")
    }

    private mutating func property(
        isNegated: Bool, inClass: Bool
    ) throws(Unsupported) -> String {
        guard peek() == "{" else { throw Unsupported(construct: "\\p without braces") }
        position += 1
        var isNegated = isNegated
        if peek() == "^" {
            isNegated.toggle()
            position += 1
        }
        var name = ""
        while let scalar = peek(), scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        position += 1
        let body = try category(name)
        guard isNegated else { return inClass ? body : "[\(body)]" }
        guard !inClass else { throw Unsupported(construct: "\\P{\(name)} in a class") }
        return "[^\(body)]"
    }

    /// A general category, for use within brackets.
    private func category(_ name: String) throws(Unsupported) -> String {
        guard let additions = UnicodeAdditions.ranges[name] else {
            throw Unsupported(construct: "the property \\p{\(name)}")
        }
        return "\\p{\(name)}" + additions
    }
}
