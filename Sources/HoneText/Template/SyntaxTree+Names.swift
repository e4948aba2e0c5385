extension ArgumentList {
    var expressions: [TemplateExpression] {
        positional + keyword.map(\.value) + [spread, keywordSpread].compactMap(\.self)
    }
}

extension TemplateExpression {
    /// The expressions directly inside this one, in the order they stand.
    var children: [TemplateExpression] {
        switch self {
        case .literal, .name: []
        case .tuple(let items), .list(let items), .concatenate(let items, _): items
        case .dict(let items, _): items.flatMap { [$0.key, $0.value] }
        case .attribute(let object, _, _): [object]
        case .item(let object, let index, _): [object, index]
        case .slice(let object, let bounds, _):
            [object] + [bounds.start, bounds.stop, bounds.step].compactMap(\.self)
        case .call(let callee, let arguments, _): [callee] + arguments.expressions
        case .filter(let input, _, let arguments, _):
            [input].compactMap(\.self) + arguments.expressions
        case .test(let input, _, let arguments, _): [input] + arguments.expressions
        case .not(let operand), .negate(let operand, _), .plus(let operand, _): [operand]
        case .binary(_, let left, let right, _), .and(let left, let right),
            .or(let left, let right):
            [left, right]
        case .compare(let first, let rest, _): [first] + rest.map(\.operand)
        case .conditional(let test, let then, let otherwise, _):
            [test, then] + [otherwise].compactMap(\.self)
        }
    }

    func forEachName(_ body: (NameUse) -> Void) {
        if case .name(let name) = self { body(name) }
        for child in children { child.forEachName(body) }
    }

    /// - Throws: where a filter or test does not exist, outside of inline conditions, in which
    ///   jinja2 complains only when it gets there.
    func requireKnownNames(isConditional: Bool) throws(TemplateError) {
        var isConditional = isConditional
        switch self {
        case .conditional: isConditional = true
        case .filter(_, let name, _, let position) where !isConditional:
            guard TemplateFilter(rawValue: name) != nil else {
                throw TemplateError(.assertion, "No filter named '\(name)'.", at: position)
            }
        case .test(_, let name, _, let position) where !isConditional:
            guard TemplateTest(rawValue: name) != nil else {
                throw TemplateError(.assertion, "No test named '\(name)'.", at: position)
            }
        default: break
        }
        for child in children { try child.requireKnownNames(isConditional: isConditional) }
    }
}

/// Which of some names a body reads without having assigned them, nested bodies included.
struct UndeclaredNames {
    private var wanted: Set<String>
    private(set) var found: Set<String> = []

    init(_ names: Set<String>) { wanted = names }

    mutating func visit(_ statements: [TemplateStatement]) {
        for statement in statements { visit(statement) }
    }

    private mutating func visit(_ expression: TemplateExpression?) {
        expression?.forEachName { if wanted.contains($0.name) { found.insert($0.name) } }
    }

    private mutating func store(_ target: AssignmentTarget) {
        switch target {
        case .name(let name): wanted.remove(name.name)
        case .member(let name, _): if wanted.contains(name.name) { found.insert(name.name) }
        case .tuple(let parts, _): for part in parts { store(part) }
        }
    }

    private mutating func visit(_ macro: MacroDefinition) {
        for parameter in macro.parameters { wanted.remove(parameter.name) }
        for value in macro.defaults { visit(value) }
        visit(macro.body)
    }

    private mutating func visit(_ statement: TemplateStatement) {
        switch statement {
        case .text, .block, .break, .continue, .unsupported: break
        case .print(let value, _): visit(value)
        case .conditional(let conditional):
            for branch in conditional.branches {
                visit(branch.test)
                visit(branch.body)
            }
            visit(conditional.otherwise)
        case .loop(let loop):
            store(loop.target)
            visit(loop.items)
            visit(loop.body)
            visit(loop.otherwise)
            visit(loop.test)
        case .assign(let target, let value, _):
            store(target)
            visit(value)
        case .assignBlock(let block):
            store(block.target)
            visit(block.filter)
            visit(block.body)
        case .macro(let definition, _), .generation(let definition): visit(definition)
        case .call(let block):
            visit(block.call)
            visit(block.body)
        case .filter(let block):
            visit(block.body)
            visit(block.filter)
        case .with(let block):
            for assignment in block.assignments { store(assignment.target) }
            for assignment in block.assignments { visit(assignment.value) }
            visit(block.body)
        }
    }
}
