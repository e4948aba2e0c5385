extension TemplateParser {
    /// One expression or, with commas, a tuple of them.
    mutating func tuple(
        allowingConditional: Bool = true, endingAt end: String? = nil,
        isParenthesised: Bool = false
    ) throws(TemplateError) -> TemplateExpression {
        var parts: [TemplateExpression] = []
        var isTuple = false
        while true {
            if !parts.isEmpty { try expect(.comma) }
            if isTupleEnd(end) { break }
            parts.append(allowingConditional ? try expression() : try or())
            guard isAt(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let only = parts.first { return only }
            guard isParenthesised else {
                throw failure(
                    "Expected an expression, got \(PythonText.quoted(current.description))")
            }
        }
        return .tuple(parts)
    }

    private func isTupleEnd(_ end: String?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(.rightParenthesis): return true
        default: return end.map { current.isName($0) } ?? false
        }
    }

    mutating func expression() throws(TemplateError) -> TemplateExpression {
        try nested { (parser) throws(TemplateError) in try parser.conditionalExpression() }
    }

    private mutating func conditionalExpression() throws(TemplateError) -> TemplateExpression {
        var result = try or()
        while current.isName("if") {
            try countLink()
            let position = advance().position
            let test = try or()
            let otherwise = skip(name: "else") ? try expression() : nil
            result = .conditional(test: test, then: result, otherwise: otherwise, position)
        }
        return result
    }

    private mutating func or() throws(TemplateError) -> TemplateExpression {
        var left = try and()
        while skip(name: "or") {
            try countLink()
            left = .or(left, try and())
        }
        return left
    }

    private mutating func and() throws(TemplateError) -> TemplateExpression {
        var left = try not()
        while skip(name: "and") {
            try countLink()
            left = .and(left, try not())
        }
        return left
    }

    private mutating func not() throws(TemplateError) -> TemplateExpression {
        if skip(name: "not") {
            return .not(try nested { (parser) throws(TemplateError) in try parser.not() })
        }
        return try comparison()
    }

    private static let comparisons: [TemplateToken.Symbol: ComparisonOperator] = [
        .equal: .equal, .notEqual: .notEqual, .less: .less, .lessOrEqual: .lessOrEqual,
        .greater: .greater, .greaterOrEqual: .greaterOrEqual,
    ]

    private mutating func comparison() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        let first = try sum()
        var rest: [(operation: ComparisonOperator, operand: TemplateExpression)] = []
        while true {
            if case .symbol(let symbol) = current.kind, let operation = Self.comparisons[symbol] {
                advance()
                rest.append((operation, try sum()))
            } else if skip(name: "in") {
                rest.append((.in, try sum()))
            } else if current.isName("not"), next.isName("in") {
                advance()
                advance()
                rest.append((.notIn, try sum()))
            } else {
                break
            }
        }
        return rest.isEmpty ? first : .compare(first, rest, position)
    }

    private mutating func sum() throws(TemplateError) -> TemplateExpression {
        var left = try concatenation()
        while isAt(.add) || isAt(.subtract) {
            try countLink()
            let token = advance()
            let operation: BinaryOperator = token.kind == .symbol(.add) ? .add : .subtract
            left = .binary(operation, left, try concatenation(), token.position)
        }
        return left
    }

    private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        var parts = [try product()]
        while skip(.tilde) { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : .concatenate(parts, position)
    }

    private static let products: [TemplateToken.Symbol: BinaryOperator] = [
        .multiply: .multiply, .divide: .divide, .floorDivide: .floorDivide, .modulo: .modulo,
    ]

    private mutating func product() throws(TemplateError) -> TemplateExpression {
        var left = try power()
        while case .symbol(let symbol) = current.kind, let operation = Self.products[symbol] {
            try countLink()
            let position = advance().position
            left = .binary(operation, left, try power(), position)
        }
        return left
    }

    // jinja2 reads `2 ** 3 ** 2` from the left, unlike Python.
    private mutating func power() throws(TemplateError) -> TemplateExpression {
        var left = try unary()
        while isAt(.power) {
            try countLink()
            let position = advance().position
            left = .binary(.power, left, try unary(), position)
        }
        return left
    }

    private mutating func unary(
        withFilters: Bool = true
    ) throws(TemplateError) -> TemplateExpression {
        try nested { (parser) throws(TemplateError) in
            var node: TemplateExpression
            let position = parser.current.position
            if parser.skip(.subtract) {
                node = .negate(try parser.unary(withFilters: false), position)
            } else if parser.skip(.add) {
                node = .plus(try parser.unary(withFilters: false), position)
            } else {
                node = try parser.primary()
            }
            node = try parser.postfix(node)
            return withFilters ? try parser.filtersAndTests(of: node) : node
        }
    }

    private mutating func primary() throws(TemplateError) -> TemplateExpression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            if let constant = Self.constant(name) { return .literal(constant) }
            return .name(use(name, at: token.position))
        case .string(let text):
            advance()
            var whole = text
            // Strings that follow each other are one.
            while case .string(let more) = current.kind {
                whole += more
                advance()
            }
            return .literal(.string(whole))
        case .integer(let value):
            advance()
            return .literal(.int(value))
        case .float(let value):
            advance()
            return .literal(.double(value))
        case .symbol(.leftParenthesis):
            advance()
            let inner = try tuple(isParenthesised: true)
            try expect(.rightParenthesis)
            return inner
        case .symbol(.leftBracket): return .list(try list())
        case .symbol(.leftBrace): return try dict()
        default:
            throw failure("unexpected \(PythonText.quoted(token.description))")
        }
    }

    private static func constant(_ name: String) -> TemplateLiteral? {
        switch name {
        case "true", "True": .bool(true)
        case "false", "False": .bool(false)
        case "none", "None": TemplateLiteral.none
        default: nil
        }
    }

    private mutating func list() throws(TemplateError) -> [TemplateExpression] {
        try expect(.leftBracket)
        var items: [TemplateExpression] = []
        while !isAt(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            if isAt(.rightBracket) { break }
            items.append(try expression())
        }
        try expect(.rightBracket)
        return items
    }

    private mutating func dict() throws(TemplateError) -> TemplateExpression {
        let position = try expect(.leftBrace).position
        var items: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !isAt(.rightBrace) {
            if !items.isEmpty { try expect(.comma) }
            if isAt(.rightBrace) { break }
            let key = try expression()
            try expect(.colon)
            items.append((key, try expression()))
        }
        try expect(.rightBrace)
        return .dict(items, position)
    }

    private mutating func postfix(
        _ start: TemplateExpression
    ) throws(TemplateError) -> TemplateExpression {
        var node = start
        while true {
            if isAt(.dot) || isAt(.leftBracket) || isAt(.leftParenthesis) { try countLink() }
            if isAt(.dot) || isAt(.leftBracket) {
                node = try subscripted(node)
            } else if isAt(.leftParenthesis) {
                let position = current.position
                node = .call(node, try arguments(), position)
            } else {
                return node
            }
        }
    }

    private mutating func filtersAndTests(
        of start: TemplateExpression
    ) throws(TemplateError) -> TemplateExpression {
        var node = start
        while true {
            if isAt(.pipe) {
                node = try filters(of: node) ?? node
            } else if current.isName("is") {
                try countLink()
                node = try test(of: node)
            } else if isAt(.leftParenthesis) {
                try countLink()
                let position = current.position
                node = .call(node, try arguments(), position)
            } else {
                return node
            }
        }
    }

    private mutating func subscripted(
        _ node: TemplateExpression
    ) throws(TemplateError) -> TemplateExpression {
        let token = advance()
        if token.kind == .symbol(.dot) {
            let member = advance()
            switch member.kind {
            case .name(let name): return .attribute(node, name, member.position)
            case .integer(let index):
                return .item(node, .literal(.int(index)), member.position)
            default: throw failure("expected name or number", at: member.position)
            }
        }
        var parts: [Subscript] = []
        while !isAt(.rightBracket) {
            if !parts.isEmpty { try expect(.comma) }
            parts.append(try subscriptPart())
        }
        try expect(.rightBracket)
        if parts.count == 1 {
            switch parts[0] {
            case .slice(let bounds): return .slice(node, bounds, token.position)
            case .index(let index): return .item(node, index, token.position)
            }
        }
        var indices: [TemplateExpression] = []
        for part in parts {
            guard case .index(let index) = part else {
                throw TemplateError(
                    .unsupported, "a slice among several subscripts", at: token.position)
            }
            indices.append(index)
        }
        return .item(node, .tuple(indices), token.position)
    }

    private enum Subscript {
        case index(TemplateExpression)
        case slice(SliceBounds)
    }

    private mutating func subscriptPart() throws(TemplateError) -> Subscript {
        var bounds = SliceBounds()
        if !isAt(.colon) {
            let start = try expression()
            guard isAt(.colon) else { return .index(start) }
            bounds.start = start
        }
        advance()
        if !isAt(.colon), !isAt(.rightBracket), !isAt(.comma) { bounds.stop = try expression() }
        if skip(.colon), !isAt(.rightBracket), !isAt(.comma) { bounds.step = try expression() }
        return .slice(bounds)
    }

    private mutating func arguments() throws(TemplateError) -> ArgumentList {
        let start = try expect(.leftParenthesis).position
        var result = ArgumentList()
        var needsComma = false
        func require(_ condition: Bool) throws(TemplateError) {
            guard condition else {
                throw TemplateError(
                    .syntax, "invalid syntax for function call expression", at: start)
            }
        }
        while !isAt(.rightParenthesis) {
            if needsComma {
                try expect(.comma)
                if isAt(.rightParenthesis) { break }
            }
            if skip(.multiply) {
                try require(result.spread == nil && result.keywordSpread == nil)
                result.spread = try expression()
            } else if skip(.power) {
                try require(result.keywordSpread == nil)
                result.keywordSpread = try expression()
            } else if case .name(let name) = current.kind, next.kind == .symbol(.assign) {
                try require(result.keywordSpread == nil)
                advance()
                advance()
                if result.keyword.contains(where: { $0.name == name }) {
                    throw failure("keyword argument repeated: \(name)")
                }
                result.keyword.append((name, try expression()))
            } else {
                try require(
                    result.spread == nil && result.keywordSpread == nil && result.keyword.isEmpty)
                result.positional.append(try expression())
            }
            needsComma = true
        }
        try expect(.rightParenthesis)
        return result
    }

    private mutating func dottedName() throws(TemplateError) -> (String, TemplatePosition) {
        var (name, position) = try expectName()
        while skip(.dot) { name += "." + (try expectName().0) }
        return (name, position)
    }

    /// `node` passed through the filters that follow. Without a node and without filters, nothing.
    mutating func filters(
        of node: TemplateExpression?, startingInline: Bool = false
    ) throws(TemplateError) -> TemplateExpression? {
        var result = node
        var isInline = startingInline
        while isAt(.pipe) || isInline {
            try countLink()
            if !isInline { advance() }
            isInline = false
            let (name, position) = try dottedName()
            let arguments = isAt(.leftParenthesis) ? try arguments() : .none
            result = .filter(result, name, arguments, position)
        }
        return result
    }

    private mutating func test(
        of node: TemplateExpression
    ) throws(TemplateError) -> TemplateExpression {
        advance()
        let isNegated = skip(name: "not")
        let (name, position) = try dottedName()
        var arguments = ArgumentList.none
        if isAt(.leftParenthesis) {
            arguments = try self.arguments()
        } else if startsTestArgument {
            if current.isName("is") {
                throw failure("You cannot chain multiple tests with is")
            }
            arguments.positional = [try postfix(try primary())]
        }
        let result = TemplateExpression.test(node, name, arguments, position)
        return isNegated ? .not(result) : result
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and"].contains(name)
        case .string, .integer, .float, .symbol(.leftBracket), .symbol(.leftBrace): true
        default: false
        }
    }

    // MARK: Targets

    /// Names that an assignment fills: one, or several with commas or in parentheses.
    mutating func assignmentTarget(
        endingAt end: String?, allowingMembers: Bool
    ) throws(TemplateError) -> AssignmentTarget {
        let position = current.position
        var parts: [AssignmentTarget] = []
        var isTuple = false
        while true {
            if !parts.isEmpty { try expect(.comma) }
            if isTupleEnd(end) { break }
            parts.append(try singleTarget(allowingMembers: allowingMembers))
            guard isAt(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let only = parts.first { return only }
            throw failure("Expected an expression, got \(PythonText.quoted(current.description))")
        }
        return .tuple(parts, position)
    }

    private mutating func singleTarget(
        allowingMembers: Bool
    ) throws(TemplateError) -> AssignmentTarget {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            try rejectConstant(name, at: token.position)
            if allowingMembers, isAt(.dot) {
                advance()
                let (member, _) = try expectName()
                return .member(use(name, at: token.position), member)
            }
            return .name(use(name, at: token.position))
        case .symbol(.leftParenthesis):
            advance()
            let inner = try nested { (parser) throws(TemplateError) in
                try parser.assignmentTarget(endingAt: nil, allowingMembers: false)
            }
            try expect(.rightParenthesis)
            return inner
        case .string, .integer, .float: throw failure("can't assign to 'const'")
        case .symbol(.leftBracket): throw failure("can't assign to 'list'")
        case .symbol(.leftBrace): throw failure("can't assign to 'dict'")
        default: throw failure("unexpected \(PythonText.quoted(token.description))")
        }
    }

    func rejectConstant(_ name: String, at position: TemplatePosition) throws(TemplateError) {
        if Self.constant(name) != nil { throw failure("can't assign to 'const'", at: position) }
    }
}
