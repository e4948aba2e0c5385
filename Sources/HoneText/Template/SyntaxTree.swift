/// A use of a variable's name. `use` indexes what ``ScopeResolver`` found it to mean.
struct NameUse: Sendable {
    let name: String
    let use: Int
    let position: TemplatePosition
}

enum BinaryOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum ComparisonOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in`
    case notIn = "not in"
}

enum TemplateLiteral: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
}

/// The arguments of a call, a filter or a test.
struct ArgumentList: Sendable {
    var positional: [TemplateExpression] = []
    var keyword: [(name: String, value: TemplateExpression)] = []
    /// `*expression`
    var spread: TemplateExpression?
    /// `**expression`
    var keywordSpread: TemplateExpression?

    static let none = ArgumentList()
}

indirect enum TemplateExpression: Sendable {
    case literal(TemplateLiteral)
    case name(NameUse)
    case tuple([TemplateExpression])
    case list([TemplateExpression])
    case dict([(key: TemplateExpression, value: TemplateExpression)], TemplatePosition)
    case attribute(TemplateExpression, String, TemplatePosition)
    case item(TemplateExpression, TemplateExpression, TemplatePosition)
    case slice(TemplateExpression, SliceBounds, TemplatePosition)
    case call(TemplateExpression, ArgumentList, TemplatePosition)
    /// A filter without input stands in a filter block or a `set` block.
    case filter(TemplateExpression?, String, ArgumentList, TemplatePosition)
    case test(TemplateExpression, String, ArgumentList, TemplatePosition)
    case not(TemplateExpression)
    case negate(TemplateExpression, TemplatePosition)
    case plus(TemplateExpression, TemplatePosition)
    case binary(BinaryOperator, TemplateExpression, TemplateExpression, TemplatePosition)
    case and(TemplateExpression, TemplateExpression)
    case or(TemplateExpression, TemplateExpression)
    case compare(
        TemplateExpression,
        [(operation: ComparisonOperator, operand: TemplateExpression)], TemplatePosition)
    case concatenate([TemplateExpression], TemplatePosition)
    case conditional(
        test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?,
        TemplatePosition)
}

/// `start:stop:step` of a subscript.
struct SliceBounds: Sendable {
    var start: TemplateExpression?
    var stop: TemplateExpression?
    var step: TemplateExpression?
}

/// What a `set` or a `for` assigns to.
indirect enum AssignmentTarget: Sendable {
    case name(NameUse)
    /// `namespace.member`
    case member(NameUse, String)
    case tuple([AssignmentTarget], TemplatePosition)
}

enum TemplateStatement: Sendable {
    case text(String)
    case print(TemplateExpression, TemplatePosition)
    case conditional(Conditional)
    case loop(ForLoop)
    case assign(AssignmentTarget, TemplateExpression, TemplatePosition)
    case assignBlock(AssignBlock)
    case macro(MacroDefinition, NameUse)
    case call(CallBlock)
    case filter(FilterBlock)
    case with(WithBlock)
    case block(NamedBlock)
    /// `{% generation %}`, which marks what the assistant wrote.
    case generation(MacroDefinition)
    case `break`(TemplatePosition)
    case `continue`(TemplatePosition)
    /// A tag that jinja2 has and that fails here when it is reached.
    case unsupported(String, TemplatePosition)
}

struct Conditional: Sendable {
    var branches: [(test: TemplateExpression, body: [TemplateStatement])]
    var otherwise: [TemplateStatement]
}

struct ForLoop: Sendable {
    var target: AssignmentTarget
    var items: TemplateExpression
    /// `for … if test`
    var test: TemplateExpression?
    var isRecursive: Bool
    var body: [TemplateStatement]
    var otherwise: [TemplateStatement]
    /// The same target, as the names inside of the test see it.
    var testTarget: AssignmentTarget
    var loopName: NameUse
    var scope: Int
    var testScope: Int
    var otherwiseScope: Int
    var position: TemplatePosition
}

struct AssignBlock: Sendable {
    var target: AssignmentTarget
    var filter: TemplateExpression?
    var body: [TemplateStatement]
    var scope: Int
    var position: TemplatePosition
}

/// A macro, or the body of a call block (which has no name).
struct MacroDefinition: Sendable {
    var name: String?
    var parameters: [NameUse]
    /// Defaults of the last parameters.
    var defaults: [TemplateExpression]
    var body: [TemplateStatement]
    var caller: NameUse
    var keywordArguments: NameUse
    var extraArguments: NameUse
    var scope: Int
    var position: TemplatePosition
}

struct CallBlock: Sendable {
    var call: TemplateExpression
    var body: MacroDefinition
    var position: TemplatePosition
}

struct FilterBlock: Sendable {
    var filter: TemplateExpression
    var body: [TemplateStatement]
    var scope: Int
    var position: TemplatePosition
}

struct WithBlock: Sendable {
    var assignments: [(target: AssignmentTarget, value: TemplateExpression)]
    var body: [TemplateStatement]
    var scope: Int
    var position: TemplatePosition
}

struct NamedBlock: Sendable {
    var name: String
    var body: [TemplateStatement]
    var scope: Int
    var position: TemplatePosition
}
