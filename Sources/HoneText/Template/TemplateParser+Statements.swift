extension TemplateParser {
    typealias TagParser =
        @Sendable (inout TemplateParser) throws(TemplateError) -> TemplateStatement

    /// The tags and what reads them.
    static let tags: [String: TagParser] = [
        "for": { (parser) throws(TemplateError) in try parser.forLoop() },
        "if": { (parser) throws(TemplateError) in try parser.conditional() },
        "set": { (parser) throws(TemplateError) in try parser.set() },
        "macro": { (parser) throws(TemplateError) in try parser.macro() },
        "call": { (parser) throws(TemplateError) in try parser.callBlock() },
        "filter": { (parser) throws(TemplateError) in try parser.filterBlock() },
        "with": { (parser) throws(TemplateError) in try parser.with() },
        "block": { (parser) throws(TemplateError) in try parser.block() },
        "print": { (parser) throws(TemplateError) in try parser.print() },
        "generation": { (parser) throws(TemplateError) in try parser.generation() },
        "break": { (parser) throws(TemplateError) in try parser.loopControl() },
        "continue": { (parser) throws(TemplateError) in try parser.loopControl() },
        "autoescape": { (parser) throws(TemplateError) in try parser.autoescape() },
        "extends": { (parser) throws(TemplateError) in try parser.otherTemplate() },
        "include": { (parser) throws(TemplateError) in try parser.otherTemplate() },
        "import": { (parser) throws(TemplateError) in try parser.otherTemplate() },
        "from": { (parser) throws(TemplateError) in try parser.otherTemplate() },
    ]

    private mutating func conditional() throws(TemplateError) -> TemplateStatement {
        var result = Conditional(branches: [], otherwise: [])
        advance()
        while true {
            let test = try tuple(allowingConditional: false)
            let (body, end) = try body(until: ["elif", "else", "endif"])
            result.branches.append((test, body))
            if end == "else" { result.otherwise = try self.body(until: "endif") }
            if end != "elif" { return .conditional(result) }
        }
    }

    private mutating func forLoop() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        let target = try assignmentTarget(endingAt: "in", allowingMembers: false)
        try rejectLoopTarget(target)
        guard skip(name: "in") else {
            throw failure("expected token 'in', got \(PythonText.quoted(current.description))")
        }
        let items = try tuple(allowingConditional: false, endingAt: "recursive")
        let test = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        let wasInLoop = isInLoop
        isInLoop = true
        let (body, end) = try body(until: ["endfor", "else"])
        isInLoop = wasInLoop
        let otherwise = end == "else" ? try self.body(until: "endfor") : []
        return .loop(
            ForLoop(
                target: target, items: items, test: test, isRecursive: isRecursive, body: body,
                otherwise: otherwise, testTarget: copy(of: target),
                loopName: use("loop", at: position), scope: newScope(), testScope: newScope(),
                otherwiseScope: newScope(), position: position))
    }

    /// The same target with uses of its own, since a test's scope is another than the body's.
    private mutating func copy(of target: AssignmentTarget) -> AssignmentTarget {
        switch target {
        case .name(let name): return .name(use(name.name, at: name.position))
        case .member(let name, let member):
            return .member(use(name.name, at: name.position), member)
        case .tuple(let parts, let position):
            var copies: [AssignmentTarget] = []
            for part in parts { copies.append(copy(of: part)) }
            return .tuple(copies, position)
        }
    }

    private func rejectLoopTarget(_ target: AssignmentTarget) throws(TemplateError) {
        switch target {
        case .name(let name) where name.name == "loop":
            throw TemplateError(
                .assertion, "Can't assign to special loop variable in for-loop target",
                at: name.position)
        case .tuple(let parts, _): for part in parts { try rejectLoopTarget(part) }
        default: return
        }
    }

    private mutating func set() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        let target = try assignmentTarget(endingAt: nil, allowingMembers: true)
        if skip(.assign) { return .assign(target, try tuple(), position) }
        let filter = try filters(of: nil)
        let body = try body(until: "endset")
        return .assignBlock(
            AssignBlock(
                target: target, filter: filter, body: body, scope: newScope(), position: position))
    }

    private mutating func signature() throws(TemplateError) -> ([NameUse], [TemplateExpression]) {
        var parameters: [NameUse] = []
        var defaults: [TemplateExpression] = []
        try expect(.leftParenthesis)
        while !isAt(.rightParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let (name, position) = try expectName()
            try rejectConstant(name, at: position)
            if skip(.assign) {
                defaults.append(try expression())
            } else if !defaults.isEmpty {
                throw failure("non-default argument follows default argument")
            }
            parameters.append(use(name, at: position))
        }
        try expect(.rightParenthesis)
        return (parameters, defaults)
    }

    /// The body of a macro, a call block or a generation block, in which no outer loop can be left.
    private mutating func macroBody(
        name: String?, parameters: [NameUse], defaults: [TemplateExpression], end: String,
        position: TemplatePosition
    ) throws(TemplateError) -> MacroDefinition {
        let wasInLoop = isInLoop
        isInLoop = false
        let body = try body(until: end)
        isInLoop = wasInLoop
        return MacroDefinition(
            name: name, parameters: parameters, defaults: defaults, body: body,
            caller: use("caller", at: position), keywordArguments: use("kwargs", at: position),
            extraArguments: use("varargs", at: position), scope: newScope(), position: position)
    }

    private mutating func macro() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        let (name, namePosition) = try expectName()
        try rejectConstant(name, at: namePosition)
        let target = use(name, at: namePosition)
        let (parameters, defaults) = try signature()
        let definition = try macroBody(
            name: name, parameters: parameters, defaults: defaults, end: "endmacro",
            position: position)
        return .macro(definition, target)
    }

    private mutating func callBlock() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        let (parameters, defaults) = isAt(.leftParenthesis) ? try signature() : ([], [])
        let call = try expression()
        guard case .call = call else { throw failure("expected call", at: position) }
        let body = try macroBody(
            name: nil, parameters: parameters, defaults: defaults, end: "endcall",
            position: position)
        return .call(CallBlock(call: call, body: body, position: position))
    }

    private mutating func generation() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        return .generation(
            try macroBody(
                name: nil, parameters: [], defaults: [], end: "endgeneration", position: position))
    }

    private mutating func filterBlock() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        let filter = try filters(of: nil, startingInline: true)
        let body = try body(until: "endfilter")
        guard let filter else { throw failure("filter name expected", at: position) }
        return .filter(
            FilterBlock(filter: filter, body: body, scope: newScope(), position: position))
    }

    private mutating func with() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        var assignments: [(target: AssignmentTarget, value: TemplateExpression)] = []
        while current.kind != .blockEnd {
            if !assignments.isEmpty { try expect(.comma) }
            let target = try assignmentTarget(endingAt: nil, allowingMembers: false)
            try expect(.assign)
            assignments.append((target, try expression()))
        }
        let body = try body(until: "endwith")
        return .with(
            WithBlock(
                assignments: assignments, body: body, scope: newScope(), position: position))
    }

    private mutating func block() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        let (name, _) = try expectName()
        if current.isName("scoped") || current.isName("required") {
            throw TemplateError(
                .unsupported, "'\(current.description)' blocks", at: current.position)
        }
        if isAt(.subtract) {
            throw failure(
                "Block names in Jinja have to be valid Python identifiers and may not contain "
                    + "hyphens, use an underscore instead.")
        }
        let wasInLoop = isInLoop
        isInLoop = false
        let body = try body(until: "endblock")
        isInLoop = wasInLoop
        _ = skip(name: name)
        return .block(NamedBlock(name: name, body: body, scope: newScope(), position: position))
    }

    private mutating func print() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        var parts: [TemplateExpression] = []
        while current.kind != .blockEnd {
            if !parts.isEmpty { try expect(.comma) }
            parts.append(try expression())
        }
        return .print(.concatenate(parts, position), position)
    }

    private mutating func loopControl() throws(TemplateError) -> TemplateStatement {
        let token = advance()
        guard isInLoop else {
            throw failure("'\(token.description)' outside loop", at: token.position)
        }
        return token.isName("break") ? .break(token.position) : .continue(token.position)
    }

    private mutating func autoescape() throws(TemplateError) -> TemplateStatement {
        let position = advance().position
        _ = try expression()
        _ = try body(until: "endautoescape")
        return .unsupported("'autoescape' blocks", position)
    }

    /// `include`, `import` and their like: a chat template has no other templates beside it, and
    /// transformers gives jinja2 no loader, so they can only fail where they are reached.
    private mutating func otherTemplate() throws(TemplateError) -> TemplateStatement {
        let token = advance()
        while current.kind != .blockEnd, current.kind != .end { advance() }
        return .unsupported("'\(token.description)': a chat template is one file", token.position)
    }
}
