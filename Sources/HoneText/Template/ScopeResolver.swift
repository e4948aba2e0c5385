/// Decides for every use of a name which value it means, exactly as jinja2's compiler does.
///
/// Loops, macros, `with`, `set` blocks, filter blocks and call blocks open scopes; `if` does not.
/// A scope is looked at as a whole before anything in it runs: a name that is assigned in it
/// before it is read is its own, and begins empty or as a copy of the outer one.
///
/// Source: `jinja2/idtracking.py` and `compiler.py` 3.1.6.
struct ScopeResolver {
    private(set) var references: [ScopeReference]
    private(set) var layouts: [ScopeLayout]
    private(set) var freeNames: [String] = []
    private(set) var hasBlocks = false
    private var freeIndices: [String: Int] = [:]
    /// The scopes around the place being looked at, outermost first.
    private var open: [OpenScope] = []
    /// Inside of an `if` a filter that does not exist is an error only when it is reached.
    private var isConditional = false

    private enum Load {
        case parameter
        case free
        case copy(ScopeReference)
        case empty
    }

    /// What is known of the names of a scope; a value, so that branches can be tried apart.
    private struct Symbols {
        var slots: [String: Int] = [:]
        var loads: [String: Load] = [:]
        var stores: Set<String> = []
    }

    private struct OpenScope {
        let id: Int
        var symbols = Symbols()
        /// A name has one slot in its scope, whichever branch met it first.
        var slots: [String: Int] = [:]
    }

    init(uses: Int, scopes: Int) {
        references = Array(repeating: ScopeReference(hops: 0, slot: 0), count: uses)
        layouts = Array(repeating: ScopeLayout(), count: scopes)
    }

    mutating func resolve(_ statements: [TemplateStatement]) throws(TemplateError) {
        try scope(0) { (resolver) throws(TemplateError) in
            resolver.analyze(statements)
        } body: { (resolver) throws(TemplateError) in
            try resolver.bind(statements)
        }
    }

    // MARK: Scopes

    private mutating func scope(
        _ id: Int, isIsolated: Bool = false,
        analysis: (inout ScopeResolver) throws(TemplateError) -> Void,
        body: (inout ScopeResolver) throws(TemplateError) -> Void
    ) throws(TemplateError) {
        let outside = open
        if isIsolated { open = [] }
        open.append(OpenScope(id: id))
        let wasConditional = isConditional
        isConditional = false
        try analysis(&self)
        try body(&self)
        isConditional = wasConditional
        let closed = open[open.count - 1]
        layouts[id].slotCount = closed.slots.count
        for (name, load) in closed.symbols.loads.sorted(by: { $0.key < $1.key }) {
            guard let slot = closed.slots[name] else { continue }
            switch load {
            case .free: layouts[id].loads.append((slot, .free(freeIndex(name))))
            case .copy(let reference): layouts[id].loads.append((slot, .copy(reference)))
            case .parameter, .empty: break
            }
        }
        if isIsolated { open = outside } else { open.removeLast() }
    }

    private mutating func freeIndex(_ name: String) -> Int {
        if let index = freeIndices[name] { return index }
        freeIndices[name] = freeNames.count
        freeNames.append(name)
        return freeNames.count - 1
    }

    private func reference(
        _ name: String, skippingInnermost: Bool = false
    ) -> ScopeReference? {
        for hops in (skippingInnermost ? 1 : 0)..<max(open.count, 1) where hops < open.count {
            if let slot = open[open.count - 1 - hops].symbols.slots[name] {
                return ScopeReference(hops: hops, slot: slot)
            }
        }
        return nil
    }

    private mutating func define(_ name: String, _ load: Load) {
        let top = open.count - 1
        let slot = open[top].slots[name] ?? open[top].slots.count
        open[top].slots[name] = slot
        open[top].symbols.slots[name] = slot
        open[top].symbols.loads[name] = load
    }

    private mutating func load(_ name: String) {
        if reference(name) == nil { define(name, .free) }
    }

    private mutating func store(_ name: String) {
        let top = open.count - 1
        open[top].symbols.stores.insert(name)
        guard open[top].symbols.slots[name] == nil else { return }
        define(name, reference(name, skippingInnermost: true).map(Load.copy) ?? .empty)
    }

    private mutating func declare(_ name: String) {
        open[open.count - 1].symbols.stores.insert(name)
        define(name, .parameter)
    }

    // MARK: Looking at a scope as a whole

    private mutating func analyze(_ statements: [TemplateStatement]) {
        for statement in statements { analyze(statement) }
    }

    private mutating func analyze(_ statement: TemplateStatement) {
        switch statement {
        case .text, .block, .generation, .break, .continue, .unsupported: break
        case .print(let value, _): load(value)
        case .conditional(let conditional): analyze(conditional)
        case .loop(let loop): load(loop.items)
        case .assign(let target, let value, _):
            load(value)
            store(target)
        case .assignBlock(let block): store(block.target)
        case .macro(_, let name): store(name.name)
        case .call(let block): load(block.call)
        case .filter(let block): load(block.filter)
        case .with(let block): for assignment in block.assignments { load(assignment.value) }
        }
    }

    private mutating func analyze(_ conditional: Conditional) {
        guard let first = conditional.branches.first else { return }
        load(first.test)
        let before = open[open.count - 1].symbols
        var branches: [Symbols] = []
        func tried(_ analysis: (inout ScopeResolver) -> Void) {
            analysis(&self)
            branches.append(open[open.count - 1].symbols)
            open[open.count - 1].symbols = before
        }
        tried { $0.analyze(first.body) }
        tried { resolver in
            for branch in conditional.branches.dropFirst() {
                resolver.analyze(Conditional(branches: [branch], otherwise: []))
            }
        }
        tried { $0.analyze(conditional.otherwise) }
        merge(branches)
    }

    /// A name that only some branches assign begins with what it was outside of them.
    private mutating func merge(_ branches: [Symbols]) {
        let top = open.count - 1
        var stores = Set<String>()
        for branch in branches { stores.formUnion(branch.stores) }
        stores.subtract(open[top].symbols.stores)
        for branch in branches {
            open[top].symbols.slots.merge(branch.slots) { _, new in new }
            open[top].symbols.loads.merge(branch.loads) { _, new in new }
            open[top].symbols.stores.formUnion(branch.stores)
        }
        for name in stores {
            open[top].symbols.loads[name] =
                reference(name, skippingInnermost: true).map(Load.copy) ?? .free
        }
    }

    private mutating func load(_ expression: TemplateExpression) {
        expression.forEachName { load($0.name) }
    }

    private mutating func store(_ target: AssignmentTarget) {
        switch target {
        case .name(let name): store(name.name)
        case .member(let name, _): load(name.name)
        case .tuple(let parts, _): for part in parts { store(part) }
        }
    }

    private mutating func declare(_ target: AssignmentTarget) {
        switch target {
        case .name(let name): declare(name.name)
        case .member(let name, _): load(name.name)
        case .tuple(let parts, _): for part in parts { declare(part) }
        }
    }

    // MARK: Binding uses

    private mutating func bind(_ use: NameUse) {
        guard let found = reference(use.name) else { return }
        references[use.use] = found
        let id = open[open.count - 1 - found.hops].id
        if use.name == "loop" { layouts[id].usesLoop = true }
    }

    private mutating func bind(_ expression: TemplateExpression) throws(TemplateError) {
        expression.forEachName { bind($0) }
        if !isConditional { try expression.requireKnownNames(isConditional: false) }
    }

    private mutating func bind(_ target: AssignmentTarget) {
        switch target {
        case .name(let name), .member(let name, _): bind(name)
        case .tuple(let parts, _): for part in parts { bind(part) }
        }
    }

    private mutating func bind(_ statements: [TemplateStatement]) throws(TemplateError) {
        for statement in statements { try bind(statement) }
    }

    private mutating func bind(_ statement: TemplateStatement) throws(TemplateError) {
        switch statement {
        case .text, .break, .continue, .unsupported: break
        case .print(let value, _): try bind(value)
        case .conditional(let conditional):
            let wasConditional = isConditional
            isConditional = true
            for branch in conditional.branches {
                try bind(branch.test)
                try bind(branch.body)
            }
            try bind(conditional.otherwise)
            isConditional = wasConditional
        case .loop(let loop): try bind(loop)
        case .assign(let target, let value, _):
            try bind(value)
            bind(target)
        case .assignBlock(let block):
            bind(block.target)
            try scope(block.scope) { (resolver) throws(TemplateError) in
                resolver.analyze(block.body)
                if let filter = block.filter { resolver.load(filter) }
            } body: { (resolver) throws(TemplateError) in
                try resolver.bind(block.body)
                if let filter = block.filter { try resolver.bind(filter) }
            }
        case .macro(let definition, let name):
            bind(name)
            try bind(definition)
        case .call(let block):
            try bind(block.call)
            try bind(block.body)
        case .generation(let definition): try bind(definition)
        case .filter(let block):
            try scope(block.scope) { (resolver) throws(TemplateError) in
                resolver.analyze(block.body)
                resolver.load(block.filter)
            } body: { (resolver) throws(TemplateError) in
                try resolver.bind(block.body)
                try resolver.bind(block.filter)
            }
        case .with(let block):
            for assignment in block.assignments { try bind(assignment.value) }
            try scope(block.scope) { (resolver) throws(TemplateError) in
                for assignment in block.assignments { resolver.declare(assignment.target) }
                resolver.analyze(block.body)
            } body: { (resolver) throws(TemplateError) in
                for assignment in block.assignments { resolver.bind(assignment.target) }
                try resolver.bind(block.body)
            }
        case .block(let block):
            hasBlocks = true
            try scope(block.scope, isIsolated: true) { (resolver) throws(TemplateError) in
                resolver.analyze(block.body)
            } body: { (resolver) throws(TemplateError) in
                try resolver.bind(block.body)
            }
        }
    }

    private mutating func bind(_ loop: ForLoop) throws(TemplateError) {
        try bind(loop.items)
        if let test = loop.test {
            try scope(loop.testScope) { (resolver) throws(TemplateError) in
                resolver.declare(loop.testTarget)
                resolver.load(test)
            } body: { (resolver) throws(TemplateError) in
                resolver.bind(loop.testTarget)
                try resolver.bind(test)
            }
        }
        try scope(loop.scope) { (resolver) throws(TemplateError) in
            resolver.declare("loop")
            resolver.declare(loop.target)
            resolver.analyze(loop.body)
        } body: { (resolver) throws(TemplateError) in
            resolver.references[loop.loopName.use] =
                resolver.reference("loop") ?? ScopeReference(hops: 0, slot: 0)
            resolver.bind(loop.target)
            try resolver.bind(loop.body)
        }
        try scope(loop.otherwiseScope) { (resolver) throws(TemplateError) in
            resolver.analyze(loop.otherwise)
        } body: { (resolver) throws(TemplateError) in
            try resolver.bind(loop.otherwise)
        }
    }

    private mutating func bind(_ macro: MacroDefinition) throws(TemplateError) {
        var finder = UndeclaredNames(["caller", "kwargs", "varargs"])
        finder.visit(macro.body)
        let parameters = macro.parameters.map(\.name)
        let usesCaller = finder.found.contains("caller")
        if usesCaller, let index = parameters.firstIndex(of: "caller"),
            index < parameters.count - macro.defaults.count
        {
            throw TemplateError(
                .assertion,
                "When defining macros or call blocks the special \"caller\" argument must be "
                    + "omitted or be given a default.", at: macro.position)
        }
        layouts[macro.scope].usesCaller = usesCaller && !parameters.contains("caller")
        layouts[macro.scope].usesKeywordArguments =
            finder.found.contains("kwargs") && !parameters.contains("kwargs")
        layouts[macro.scope].usesExtraArguments =
            finder.found.contains("varargs") && !parameters.contains("varargs")
        try scope(macro.scope) { (resolver) throws(TemplateError) in
            for parameter in macro.parameters { resolver.declare(parameter.name) }
            let layout = resolver.layouts[macro.scope]
            if layout.usesCaller { resolver.declare("caller") }
            if layout.usesKeywordArguments { resolver.declare("kwargs") }
            if layout.usesExtraArguments { resolver.declare("varargs") }
            for value in macro.defaults { resolver.load(value) }
            resolver.analyze(macro.body)
        } body: { (resolver) throws(TemplateError) in
            for parameter in macro.parameters { resolver.bind(parameter) }
            resolver.bind(macro.caller)
            resolver.bind(macro.keywordArguments)
            resolver.bind(macro.extraArguments)
            for value in macro.defaults { try resolver.bind(value) }
            try resolver.bind(macro.body)
        }
    }
}
