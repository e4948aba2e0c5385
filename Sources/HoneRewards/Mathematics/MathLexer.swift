/// A piece of LaTeX or plain mathematics.
enum MathToken: Sendable, Hashable {
    /// Digits with at most one point; a separator of thousands is gone.
    case number(String)
    case letter(String)
    /// Without the backslash: `frac`, `cup`.
    case command(String)
    /// Brackets, operators, `,`, `;`, `|`, `^`, `_`, `&`, `!`, `'`, `:`, `%`; `\{` is `(.set)`.
    case sign(Character)
    case openSet, closeSet
    case relation(MathValue.Relation)
    /// Words that are words.
    case text(String)
    /// `\\` in a matrix.
    case lineEnd
}

/// Reads mathematics into tokens. Spaces, sizes of brackets, currency, degrees and units are left out.
struct MathLexer {
    private let text: [Character]
    private var index = 0
    private var tokens: [MathToken] = []
    private let hasMatrix: Bool
    private var depth = 0

    /// Where a text holds something that no mathematics is.
    struct Problem: Error {}

    init(_ text: String) {
        self.text = Array(text)
        hasMatrix = text.contains("matrix}") || text.contains("{array}")
    }

    static func tokens(of text: String) throws(Problem) -> [MathToken] {
        var lexer = MathLexer(text)
        while lexer.index < lexer.text.count { try lexer.next() }
        while lexer.tokens.last == .sign(".") || lexer.tokens.last == .sign(",") {
            lexer.tokens.removeLast()
        }
        return lexer.tokens
    }

    private func peek(_ offset: Int = 0) -> Character? {
        index + offset < text.count ? text[index + offset] : nil
    }

    private mutating func next() throws(Problem) {
        let character = text[index]
        if Self.isDigit(character) || character == "." && peek(1).map(Self.isDigit) == true {
            readNumber()
        } else if character == "\\" {
            try readCommand()
        } else if character.isLetter {
            try readWord()
        } else {
            index += 1
            try readSign(character)
        }
    }

    static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    // MARK: Numbers

    private mutating func readNumber() {
        var digits = ""
        while let character = peek(), Self.isDigit(character) {
            digits.append(character)
            index += 1
        }
        while let skipped = thousands(after: digits) {
            digits += String(text[(index + skipped)..<(index + skipped + 3)])
            index += skipped + 3
        }
        if peek() == ".", let after = peek(1), Self.isDigit(after) {
            digits += "."
            index += 1
            while let character = peek(), Self.isDigit(character) {
                digits.append(character)
                index += 1
            }
        } else if peek() == ".", peek(1)?.isLetter != true, peek(1) != "\\" {
            // A full stop behind a number; `3.` is 3.
            index += 1
        }
        tokens.append(.number(Self.canonical(digits)))
    }

    /// How much separates three more digits of the same number; `nil` if none follow.
    private func thousands(after digits: String) -> Int? {
        guard !digits.contains(".") else { return nil }
        let ahead = text[index..<min(index + 12, text.count)]
        let braced = Self.bracedComma(ahead)
        // A plain comma may separate the members of a list: only where there are no brackets.
        guard let length = braced ?? (depth == 0 && ahead.first == "," ? 1 : nil) else {
            return nil
        }
        let start = index + length
        guard start + 3 <= text.count, text[start..<start + 3].allSatisfy(Self.isDigit),
            start + 3 == text.count || !Self.isDigit(text[start + 3])
        else { return nil }
        return braced == nil && !isLoneNumber ? nil : length
    }

    /// The length of a comma that LaTeX was told to set without space, at the start of `ahead`: `{,}`,
    /// ` {, }`, `,\!`, `\,`.
    private static func bracedComma(_ ahead: ArraySlice<Character>) -> Int? {
        var place = ahead.startIndex
        func skip(_ sign: Character) -> Bool {
            guard place < ahead.endIndex, ahead[place] == sign else { return false }
            place += 1
            return true
        }
        func skipSpace() { while skip(" ") {} }
        if skip("\\") { return skip(",") ? 2 : nil }
        if skip(",") {
            guard skip("\\"), skip("!") else { return nil }
            skipSpace()
            return place - ahead.startIndex
        }
        skipSpace()
        guard skip("{") else { return nil }
        skipSpace()
        guard skip(",") else { return nil }
        if skip("\\") { guard skip("!") else { return nil } }
        skipSpace()
        return skip("}") ? place - ahead.startIndex : nil
    }

    /// Whether the text is, but for what an equation has before it, one number with groups of three.
    private var isLoneNumber: Bool {
        var start = index
        while start > 0, Self.isDigit(text[start - 1]) || text[start - 1] == "," { start -= 1 }
        var end = index
        while end < text.count, Self.isDigit(text[end]) || text[end] == "," { end += 1 }
        let groups = String(text[start..<end]).split(
            separator: ",", omittingEmptySubsequences: false)
        guard let first = groups.first, (1...3).contains(first.count), first.first != "0" else {
            return false
        }
        return groups.dropFirst().allSatisfy { $0.count == 3 }
    }

    /// Digits without leading zeros; `.5` becomes `0.5`.
    static func canonical(_ digits: String) -> String {
        let stripped = digits.drop { $0 == "0" }
        if stripped.isEmpty { return "0" }
        return stripped.first == "." ? "0" + stripped : String(stripped)
    }

    // MARK: Words

    private static let separators: Set<String> = ["and", "or"]
    private static let percents: Set<String> = ["percent", "percentage", "pct"]

    private mutating func readWord() throws(Problem) {
        var end = index
        while end < text.count, text[end].isLetter { end += 1 }
        let word = String(text[index..<end])
        let start = index
        index = end
        if Self.separators.contains(word) {
            appendSeparator()
        } else if Self.percents.contains(word.lowercased()) {
            tokens.append(.sign("%"))
        } else if word.lowercased() == "infinity" || word == "inf" || word == "oo" {
            tokens.append(.command("infty"))
        } else if word == "pi" || word == "sqrt" || MathFunction.names[word] != nil {
            tokens.append(.command(word))
        } else if start > 0, isUnit(word), isBehindQuantity {
            skipExponent()
        } else {
            for character in word { try appendLetter(character) }
        }
    }

    private mutating func appendLetter(_ character: Character) throws(Problem) {
        switch character {
        case "π": tokens.append(.command("pi"))
        default: tokens.append(.letter(character.lowercased()))
        }
    }

    /// A comma, unless one is there already.
    private mutating func appendSeparator() {
        if let last = tokens.last, last != .sign(",") { tokens.append(.sign(",")) }
    }

    private var isBehindQuantity: Bool {
        switch tokens.last {
        case .number, .sign("}"), .sign(")"), .sign("%"): true
        default: false
        }
    }

    private func isUnit(_ word: String) -> Bool {
        let singular = word.hasSuffix("s") ? String(word.dropLast()) : word
        return MathUnits.words.contains(word.lowercased())
            || MathUnits.words.contains(singular.lowercased())
    }

    /// What follows a unit: `^2`, `^{3}`.
    private mutating func skipExponent() {
        guard peek() == "^" else { return }
        if let digit = peek(1), Self.isDigit(digit) {
            index += 2
        } else if peek(1) == "{", let digit = peek(2), Self.isDigit(digit), peek(3) == "}" {
            index += 4
        }
    }

    // MARK: Signs

    private mutating func readSign(_ character: Character) throws(Problem) {
        switch character {
        case _ where character.isWhitespace: break
        case "$", "~", "\"", "€", "£", "¥", "₹", "°", "?": break
        case "'": if case .letter? = tokens.last { tokens.append(.sign("'")) }
        case "<", ">", "=", "≤", "≥", "≠", "≈", "∈": readRelation(character)
        case "!" where peek() == "=":
            index += 1
            tokens.append(.relation(.unequal))
        case "(", "[", "{":
            depth += 1
            tokens.append(.sign(character))
        case ")", "]", "}":
            depth -= 1
            tokens.append(.sign(character))
        case "×", "·", "⋅": tokens.append(.sign("*"))
        case "*":
            if peek() == "*" {
                index += 1
                tokens.append(.sign("^"))
            } else {
                tokens.append(.sign("*"))
            }
        case "÷": tokens.append(.sign("/"))
        case "−", "–": tokens.append(.sign("-"))
        case "∞": tokens.append(.command("infty"))
        case "√": tokens.append(.command("sqrt"))
        case "±": tokens.append(.command("pm"))
        case "∪": tokens.append(.command("cup"))
        case "∩": tokens.append(.command("cap"))
        case "²": tokens += [.sign("^"), .number("2")]
        case "³": tokens += [.sign("^"), .number("3")]
        case "+", "-", "/", "^", "_", "|", ",", ";", ":", "!", "%", "&", ".":
            tokens.append(.sign(character))
        default: throw Problem()
        }
    }

    private mutating func readRelation(_ character: Character) {
        switch character {
        case "<", ">":
            let isWeak = peek() == "="
            if isWeak { index += 1 }
            let strict: MathValue.Relation = character == "<" ? .less : .greater
            let weak: MathValue.Relation = character == "<" ? .lessOrEqual : .greaterOrEqual
            tokens.append(.relation(isWeak ? weak : strict))
        case "=":
            if peek() == "=" { index += 1 }
            tokens.append(.relation(.equal))
        case "≤": tokens.append(.relation(.lessOrEqual))
        case "≥": tokens.append(.relation(.greaterOrEqual))
        case "≠": tokens.append(.relation(.unequal))
        case "≈": tokens.append(.relation(.approximately))
        default: tokens.append(.relation(.memberOf))
        }
    }

    // MARK: Commands

    private mutating func readCommand() throws(Problem) {
        index += 1
        guard let first = peek() else { return }
        if first == "\\" {
            // A doubled backslash ends a line of a matrix; elsewhere it is an escaped one.
            if hasMatrix {
                index += 1
                tokens.append(.lineEnd)
            } else if peek(1)?.isLetter != true {
                index += 1
            }
            return
        }
        guard first.isLetter else {
            index += 1
            switch first {
            case "{": tokens.append(.openSet)
            case "}": tokens.append(.closeSet)
            case "%": tokens.append(.sign("%"))
            case "|": tokens.append(.sign("|"))
            case "!", ",", ";", ":", " ", "\n", "\t", "$", ">", "&", "#", "_", "-", "(", ")", "[",
                "]":
                break
            default: throw Problem()
            }
            if first == "{" { depth += 1 }
            if first == "}" { depth -= 1 }
            return
        }
        var end = index
        while end < text.count, text[end].isLetter, text[end].isASCII { end += 1 }
        var name = String(text[index..<end])
        // `\quadx` is what stripping spaces leaves of `\quad x`.
        for spacing in ["qquad", "quad"] where name.hasPrefix(spacing) && name != spacing {
            end = index + spacing.count
            name = spacing
            break
        }
        index = end
        try append(command: name)
    }

    private mutating func append(command name: String) throws(Problem) {
        if let relation = MathCommands.relations[name] {
            tokens.append(.relation(relation))
        } else if let sign = MathCommands.signs[name] {
            tokens.append(.sign(sign))
            if "([{".contains(sign) { depth += 1 }
            if ")]}".contains(sign) { depth -= 1 }
        } else if name == "lbrace" || name == "rbrace" {
            tokens.append(name == "lbrace" ? .openSet : .closeSet)
        } else if MathCommands.skipped.contains(name) {
            return
        } else if name == "circ" || name == "degree" {
            // 90^\circ: the degree goes, and the sign that raised it.
            while tokens.last == .sign("^") || tokens.last == .sign("{") { tokens.removeLast() }
            if peek() == "}" { index += 1 }
        } else if MathCommands.texts.contains(name) {
            try readText(isOperator: name == "operatorname")
        } else if let letter = MathCommands.greek[name] {
            tokens.append(.letter(letter))
        } else {
            tokens.append(.command(MathCommands.synonyms[name] ?? name))
        }
    }

    /// What stands in braces behind `\text`, `\mathrm` and the like.
    private mutating func readText(isOperator: Bool) throws(Problem) {
        while peek() == " " || peek() == "*" { index += 1 }
        guard peek() == "{" else { return }
        var level = 0
        var end = index
        repeat {
            if text[end] == "{" { level += 1 }
            if text[end] == "}" { level -= 1 }
            end += 1
        } while level > 0 && end < text.count
        let inside = String(text[(index + 1)..<max(index + 1, level == 0 ? end - 1 : end)])
            .replacing("~", with: " ").replacing("\\", with: "")
        index = end
        let word = PythonText.strip(inside)
        if word.isEmpty { return }
        if Self.separators.contains(word.filter { $0 != "," && $0 != " " }) {
            appendSeparator()
        } else if Self.percents.contains(word.lowercased()) || word == "%" {
            tokens.append(.sign("%"))
        } else if isOperator || MathFunction.names[word] != nil {
            tokens.append(.command(word))
        } else if word.count == 1, let letter = word.first, letter.isLetter {
            try appendLetter(letter)
        } else if word.allSatisfy(Self.isDigit) {
            tokens.append(.number(Self.canonical(word)))
        } else if !tokens.isEmpty, isBehindQuantity || isUnitPlace {
            skipExponent()
        } else {
            tokens.append(.text(word))
        }
    }

    /// Whether words here can only be a remark or a unit: something stands before them.
    private var isUnitPlace: Bool {
        switch tokens.last {
        case .letter, .closeSet, .sign("]"), .command: true
        default: false
        }
    }
}
