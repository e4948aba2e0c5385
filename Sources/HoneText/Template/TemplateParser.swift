/// Builds the syntax tree of a template by jinja2's grammar with the `loopcontrols` extension and
/// the `generation` tag of transformers.
///
/// Source: `jinja2/parser.py` 3.1.6, whose messages it gives.
struct TemplateParser {
    private let tokens: [TemplateToken]
    private var index = 0
    private(set) var useCount = 0
    private(set) var scopeCount = 1
    private var depth = 0
    /// Operators, calls and filters of the tag being read.
    private var links = 0
    /// The tags that are open, and for each open body the tags that would end it.
    private var openTags: [String] = []
    private var endTags: [[String]] = []
    /// Whether `break` and `continue` have a loop to act on.
    var isInLoop = false

    /// Deeper nesting than any real template has; a bound keeps hostile input from overflowing
    /// the stack.
    static let maximumDepth = 100
    static let maximumLinks = 1_000

    init(source: String) {
        tokens = TemplateLexer.tokens(of: source)
    }

    /// The whole template. Scope 0 is that of its top level.
    mutating func template() throws(TemplateError) -> [TemplateStatement] {
        try statements(until: nil)
    }

    // MARK: Tokens

    var current: TemplateToken { tokens[index] }
    var next: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    @discardableResult
    mutating func advance() -> TemplateToken {
        let token = tokens[index]
        if index + 1 < tokens.count { index += 1 }
        return token
    }

    func isAt(_ symbol: TemplateToken.Symbol) -> Bool { current.kind == .symbol(symbol) }

    mutating func skip(_ symbol: TemplateToken.Symbol) -> Bool {
        guard isAt(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard current.isName(name) else { return false }
        advance()
        return true
    }

    @discardableResult
    mutating func expect(_ kind: TemplateToken.Kind) throws(TemplateError) -> TemplateToken {
        guard current.kind == kind else {
            throw unexpected(TemplateToken(kind: kind, position: current.position).description)
        }
        return advance()
    }

    @discardableResult
    mutating func expect(_ symbol: TemplateToken.Symbol) throws(TemplateError) -> TemplateToken {
        try expect(.symbol(symbol))
    }

    mutating func expectName() throws(TemplateError) -> (String, TemplatePosition) {
        guard case .name(let name) = current.kind else { throw unexpected("name") }
        return (name, advance().position)
    }

    func failure(_ message: String, at position: TemplatePosition? = nil) -> TemplateError {
        if case .failure(let error) = current.kind { return error }
        return TemplateError(.syntax, message, at: position ?? current.position)
    }

    private func unexpected(_ expected: String) -> TemplateError {
        let expected = PythonText.quoted(expected)
        if current.kind == .end {
            return failure("unexpected end of template, expected \(expected).")
        }
        return failure(
            "expected token \(expected), got \(PythonText.quoted(current.description))")
    }

    // MARK: What the resolver needs

    mutating func use(_ name: String, at position: TemplatePosition) -> NameUse {
        defer { useCount += 1 }
        return NameUse(name: name, use: useCount, position: position)
    }

    mutating func newScope() -> Int {
        defer { scopeCount += 1 }
        return scopeCount
    }

    mutating func nested<Result>(
        _ body: (inout TemplateParser) throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw TemplateError(
                .limit, "nested deeper than \(Self.maximumDepth) levels", at: current.position)
        }
        return try body(&self)
    }

    /// Counts one more link of a chain such as `a + b + c`, which is a tree as deep as it is long.
    mutating func countLink() throws(TemplateError) {
        links += 1
        guard links <= Self.maximumLinks else {
            throw TemplateError(
                .limit, "more than \(Self.maximumLinks) operators in one tag",
                at: current.position)
        }
    }

    // MARK: Bodies

    /// Statements up to one of the tags `ends`, which stays the current token; without `ends`, up
    /// to the end of the template.
    private mutating func statements(
        until ends: [String]?
    ) throws(TemplateError) -> [TemplateStatement] {
        var result: [TemplateStatement] = []
        if let ends { endTags.append(ends) }
        defer { if ends != nil { endTags.removeLast() } }
        while true {
            switch current.kind {
            case .data(let text):
                result.append(.text(text))
                advance()
            case .variableBegin:
                let position = advance().position
                links = 0
                result.append(.print(try tuple(), position))
                try expect(.variableEnd)
            case .blockBegin:
                advance()
                links = 0
                if let ends, case .name(let tag) = current.kind, ends.contains(tag) {
                    return result
                }
                result.append(
                    try nested { (parser) throws(TemplateError) in
                        try parser.statement()
                    })
                try expect(.blockEnd)
            case .failure(let error): throw error
            default:
                guard ends == nil else { throw unknownTag(nil) }
                return result
            }
        }
    }

    /// The body of a tag: from the end of the opening tag to one of `ends`, which is consumed and
    /// returned.
    mutating func body(
        until ends: [String]
    ) throws(TemplateError) -> (statements: [TemplateStatement], end: String) {
        _ = skip(.colon)
        try expect(.blockEnd)
        let result = try statements(until: ends)
        return (result, try expectName().0)
    }

    mutating func body(until end: String) throws(TemplateError) -> [TemplateStatement] {
        try body(until: [end]).statements
    }

    private mutating func statement() throws(TemplateError) -> TemplateStatement {
        guard case .name(let tag) = current.kind else { throw failure("tag name expected") }
        guard let parse = Self.tags[tag] else { throw unknownTag(tag) }
        openTags.append(tag)
        defer { openTags.removeLast() }
        return try parse(&self)
    }

    private func unknownTag(_ tag: String?) -> TemplateError {
        var message =
            tag.map { "Encountered unknown tag '\($0)'." } ?? "Unexpected end of template."
        if let looking = endTags.last {
            let wanted = looking.map { "'\($0)'" }.joined(separator: " or ")
            if let tag, endTags.contains(where: { $0.contains(tag) }) {
                message +=
                    " You probably made a nesting mistake. Jinja is expecting this tag,"
                    + " but currently looking for \(wanted)."
            } else {
                message += " Jinja was looking for the following tags: \(wanted)."
            }
        }
        if let open = openTags.last {
            message += " The innermost block that needs to be closed is '\(open)'."
        }
        return failure(message)
    }
}
