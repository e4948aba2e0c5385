/// Cuts a template into tokens by jinja2's rules with `trim_blocks` (the newline after a block tag
/// or comment goes) and `lstrip_blocks` (so does the space before one that begins a line), and
/// without line statements. One newline at the very end of the template is dropped.
///
/// Source: `jinja2/lexer.py` 3.1.6.
struct TemplateLexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var tokens: [TemplateToken] = []
    /// Whether the last piece consumed ended a line; true at the start.
    private var isLineStart = true
    /// Closing brackets owed inside the current tag.
    private var brackets: [Unicode.Scalar] = []
    /// Offset of the first scalar of each line.
    private let lineStarts: [Int]

    /// The tokens of `source`; the last one is `.end` or `.failure`.
    static func tokens(of source: String) -> [TemplateToken] {
        var lexer = TemplateLexer(source)
        do {
            try lexer.run()
        } catch {
            let place = error.position ?? lexer.place(lexer.position)
            lexer.tokens.append(TemplateToken(kind: .failure(error), position: place))
        }
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars = Self.withNormalNewlines(Array(text.unicodeScalars))
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
        var starts = [0]
        for (offset, scalar) in scalars.enumerated() where scalar == "\n" {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    /// `\r\n` and `\r` as `\n`.
    private static func withNormalNewlines(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard scalars.contains("\r") else { return scalars }
        var result: [Unicode.Scalar] = []
        var isAfterReturn = false
        for scalar in scalars {
            if scalar == "\r" {
                result.append("\n")
            } else if scalar != "\n" || !isAfterReturn {
                result.append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        return result
    }

    private func place(_ offset: Int) -> TemplatePosition {
        var (low, high) = (0, lineStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return TemplatePosition(line: low + 1, column: offset - lineStarts[low] + 1)
    }

    private func error(_ message: String, at offset: Int) -> TemplateError {
        TemplateError(.syntax, message, at: place(offset))
    }

    private func unexpected(_ scalar: Unicode.Scalar, at offset: Int) -> TemplateError {
        error("unexpected char \(PythonText.quoted(String([scalar]))) at \(offset)", at: offset)
    }

    private mutating func emit(_ kind: TemplateToken.Kind, at offset: Int) {
        tokens.append(TemplateToken(kind: kind, position: place(offset)))
    }

    private func scalar(at offset: Int) -> Unicode.Scalar? {
        offset < source.count ? source[offset] : nil
    }

    private func hasText(_ text: String, at offset: Int) -> Bool {
        var offset = offset
        for scalar in text.unicodeScalars {
            guard self.scalar(at: offset) == scalar else { return false }
            offset += 1
        }
        return true
    }

    private func afterSpace(_ offset: Int) -> Int {
        var offset = offset
        while let scalar = scalar(at: offset), scalar.isPythonSpace { offset += 1 }
        return offset
    }

    // MARK: Outside of tags

    private enum Opening {
        case raw, block, variable, comment
    }

    private mutating func run() throws(TemplateError) {
        while position < source.count {
            guard let (opening, start) = nextOpening() else {
                emit(.data(String(source[position...])), at: position)
                position = source.count
                break
            }
            var afterTag = start + 2
            let sign = scalar(at: afterTag)
            if sign == "-" || sign == "+" { afterTag += 1 }
            emitData(upTo: start, sign: sign, isVariable: opening == .variable)
            isLineStart = false
            position = afterTag
            switch opening {
            case .raw: try raw(from: start)
            case .comment: try comment(from: start)
            case .block:
                emit(.blockBegin, at: start)
                try tag(closing: "%}", from: start)
            case .variable:
                emit(.variableBegin, at: start)
                try tag(closing: "}}", from: start)
            }
        }
        emit(.end, at: source.count)
    }

    private func nextOpening() -> (Opening, Int)? {
        var offset = position
        while offset + 1 < source.count {
            if source[offset] == "{" {
                switch source[offset + 1] {
                case "%": return (rawEnd(from: offset) == nil ? .block : .raw, offset)
                case "{": return (.variable, offset)
                case "#": return (.comment, offset)
                default: break
                }
            }
            offset += 1
        }
        return nil
    }

    /// Emits the text before a tag, without the space that the tag takes away.
    private mutating func emitData(upTo end: Int, sign: Unicode.Scalar?, isVariable: Bool) {
        var stop = end
        if sign == "-" {
            while stop > position, source[stop - 1].isPythonSpace { stop -= 1 }
        } else if sign != "+", !isVariable {
            var lineStart = end
            while lineStart > position, source[lineStart - 1] != "\n" { lineStart -= 1 }
            let beginsLine = lineStart > position || isLineStart
            if beginsLine, source[lineStart..<end].allSatisfy(\.isPythonSpace) { stop = lineStart }
        }
        if stop > position { emit(.data(String(source[position..<stop])), at: position) }
    }

    /// The end of `{% raw %}` if it stands at `start`.
    private func rawEnd(from start: Int) -> Int? {
        var offset = start + 2
        if let sign = scalar(at: offset), sign == "-" || sign == "+" { offset += 1 }
        offset = afterSpace(offset)
        guard hasText("raw", at: offset) else { return nil }
        offset = afterSpace(offset + 3)
        if hasText("-%}", at: offset) { return afterSpace(offset + 3) }
        return hasText("%}", at: offset) ? offset + 2 : nil
    }

    private mutating func raw(from start: Int) throws(TemplateError) {
        guard let begin = rawEnd(from: start) else { return }
        position = begin
        isLineStart = begin > 0 && source[begin - 1] == "\n"
        var offset = begin
        while offset < source.count {
            if hasText("{%", at: offset) {
                var inner = offset + 2
                let sign = scalar(at: inner)
                if sign == "-" || sign == "+" { inner += 1 }
                inner = afterSpace(inner)
                if hasText("endraw", at: inner),
                    let end = blockEnd(at: afterSpace(inner + 6))
                {
                    emitData(upTo: offset, sign: sign, isVariable: false)
                    finish(at: end)
                    return
                }
            }
            offset += 1
        }
        throw error("Missing end of raw directive", at: start)
    }

    private mutating func comment(from start: Int) throws(TemplateError) {
        var offset = position
        while offset < source.count {
            if hasText("+#}", at: offset) { return finish(at: offset + 3) }
            if hasText("-#}", at: offset) { return finish(at: afterSpace(offset + 3)) }
            if hasText("#}", at: offset) {
                return finish(at: scalar(at: offset + 2) == "\n" ? offset + 3 : offset + 2)
            }
            offset += 1
        }
        throw error("Missing end of comment tag", at: start)
    }

    /// Where text goes on after a block tag that ends at `offset`; `nil` if none ends there.
    private func blockEnd(at offset: Int) -> Int? {
        if hasText("+%}", at: offset) { return offset + 3 }
        if hasText("-%}", at: offset) { return afterSpace(offset + 3) }
        guard hasText("%}", at: offset) else { return nil }
        return scalar(at: offset + 2) == "\n" ? offset + 3 : offset + 2
    }

    private func variableEnd(at offset: Int) -> Int? {
        if hasText("-}}", at: offset) { return afterSpace(offset + 3) }
        return hasText("}}", at: offset) ? offset + 2 : nil
    }

    private mutating func finish(at end: Int) {
        isLineStart = source[end - 1] == "\n"
        position = end
    }

    // MARK: Inside of tags

    private mutating func tag(closing: String, from start: Int) throws(TemplateError) {
        brackets = []
        while position < source.count {
            if brackets.isEmpty {
                let isBlock = closing == "%}"
                if let end = isBlock ? blockEnd(at: position) : variableEnd(at: position) {
                    emit(isBlock ? .blockEnd : .variableEnd, at: position)
                    finish(at: end)
                    return
                }
            }
            let scalar = source[position]
            if scalar.isPythonSpace {
                position += 1
            } else if scalar.isASCIIDigit {
                try number()
            } else if Self.isNamePart(scalar) {
                name()
            } else if scalar == "'" || scalar == "\"" {
                try string()
            } else {
                try symbol()
            }
        }
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isXIDContinue
    }

    private mutating func name() {
        let start = position
        while let scalar = scalar(at: position), Self.isNamePart(scalar) { position += 1 }
        emit(.name(String(source[start..<position])), at: start)
    }

    private mutating func symbol() throws(TemplateError) {
        let found = TemplateToken.Symbol.allCases.first { hasText($0.rawValue, at: position) }
        guard let found else {
            throw unexpected(source[position], at: position)
        }
        switch found {
        case .leftBrace: brackets.append("}")
        case .leftParenthesis: brackets.append(")")
        case .leftBracket: brackets.append("]")
        case .rightBrace, .rightParenthesis, .rightBracket:
            guard let expected = brackets.popLast() else {
                throw error("unexpected '\(found.rawValue)'", at: position)
            }
            guard String(expected) == found.rawValue else {
                throw error("unexpected '\(found.rawValue)', expected '\(expected)'", at: position)
            }
        default: break
        }
        emit(.symbol(found), at: position)
        position += found.rawValue.unicodeScalars.count
    }

    // MARK: Literals

    /// The end of digits at `offset`, single underscores between them allowed.
    private func digitsEnd(_ offset: Int, where isDigit: (Unicode.Scalar) -> Bool) -> Int {
        var offset = offset
        while let scalar = scalar(at: offset) {
            if isDigit(scalar) {
                offset += 1
            } else if scalar == "_", let next = self.scalar(at: offset + 1), isDigit(next) {
                offset += 1
            } else {
                break
            }
        }
        return offset
    }

    private mutating func number() throws(TemplateError) {
        let start = position
        let isAfterDot = start > 0 && source[start - 1] == "."
        let whole = digitsEnd(start) { $0.isASCIIDigit }
        if !isAfterDot, let end = fractionEnd(whole) {
            let text = String(source[start..<end]).replacing("_", with: "")
            guard let value = Double(text) else { throw error("invalid number", at: start) }
            position = end
            emit(.float(value), at: start)
            return
        }
        var end = whole
        var radix = 10
        var digitsStart = start
        if source[start] == "0" {
            let bases: [Unicode.Scalar: Int] = ["b": 2, "B": 2, "o": 8, "O": 8, "x": 16, "X": 16]
            if let mark = scalar(at: start + 1), let base = bases[mark] {
                // An underscore may follow the mark.
                let first = scalar(at: start + 2) == "_" ? start + 3 : start + 2
                let last = digitsEnd(first) { Int(String($0), radix: base) != nil }
                if last > first { (end, radix, digitsStart) = (last, base, first) }
            }
            if radix == 10 { end = digitsEnd(start) { $0 == "0" } }
        }
        let text = String(source[digitsStart..<end]).replacing("_", with: "")
        guard let value = Int(text, radix: radix) else {
            throw TemplateError(
                .unsupported, "the integer \(text), which is beyond 64 bits", at: place(start))
        }
        position = end
        emit(.integer(value), at: start)
    }

    /// The end of a float's fraction and exponent, if one of them stands at `offset`.
    private func fractionEnd(_ offset: Int) -> Int? {
        var end = offset
        if scalar(at: end) == ".", scalar(at: end + 1)?.isASCIIDigit == true {
            end = digitsEnd(end + 1) { $0.isASCIIDigit }
        }
        if scalar(at: end) == "e" || scalar(at: end) == "E" {
            var digits = end + 1
            if scalar(at: digits) == "+" || scalar(at: digits) == "-" { digits += 1 }
            if scalar(at: digits)?.isASCIIDigit == true {
                end = digitsEnd(digits) { $0.isASCIIDigit }
            }
        }
        return end > offset ? end : nil
    }

    private mutating func string() throws(TemplateError) {
        let start = position
        let quote = source[start]
        var end = start + 1
        while let scalar = scalar(at: end), scalar != quote { end += scalar == "\\" ? 2 : 1 }
        guard end < source.count else {
            throw unexpected(quote, at: start)
        }
        do {
            let text = try StringEscapes.resolve(source[(start + 1)..<end])
            position = end + 1
            emit(.string(text), at: start)
        } catch {
            throw error.located(at: place(start))
        }
    }
}

extension Unicode.Scalar {
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
