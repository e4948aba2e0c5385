extension TemplateInterpreter {
    func execute(
        _ statements: [TemplateStatement], _ frame: TemplateFrame
    ) throws(TemplateError) -> Flow {
        evaluationDepth += 1
        defer { evaluationDepth -= 1 }
        for statement in statements {
            let flow = try execute(statement, frame)
            guard case .normal = flow else { return flow }
        }
        return .normal
    }

    private func execute(
        _ statement: TemplateStatement, _ frame: TemplateFrame
    ) throws(TemplateError) -> Flow {
        switch statement {
        case .text(let text): try emit(text)
        case .print(let expression, let position):
            let value = try evaluate(expression, frame)
            try at(position) { () throws(TemplateError) in
                try emit(try PythonText.string(value))
            }
        case .conditional(let conditional): return try execute(conditional, frame)
        case .loop(let loop):
            let items = try evaluate(loop.items, frame)
            if loop.isRecursive {
                try emit(try recursiveLoop(loop, over: items, frame, depth: 0))
            } else {
                try run(loop, over: items, frame, depth: 0)
            }
        case .assign(let target, let expression, let position):
            try assign(try evaluate(expression, frame), to: target, frame, at: position)
        case .assignBlock(let block):
            let inner = enter(block.scope, parent: frame)
            var flow = Flow.normal
            let text = try capture { () throws(TemplateError) in
                flow = try execute(block.body, inner)
            }
            guard case .normal = flow else { return flow }
            var value = TemplateValue.string(text)
            if let filter = block.filter { value = try apply(filter, to: value, inner) }
            try assign(value, to: block.target, frame, at: block.position)
        case .macro(let definition, let name):
            assign(.macro(TemplateMacro(definition, frame: frame)), to: name, frame)
        case .call(let block): try execute(block, frame)
        case .generation(let definition):
            try emit(try invoke(TemplateMacro(definition, frame: frame), .none))
        case .filter(let block):
            let inner = enter(block.scope, parent: frame)
            var flow = Flow.normal
            let text = try capture { () throws(TemplateError) in
                flow = try execute(block.body, inner)
            }
            guard case .normal = flow else { return flow }
            let value = try apply(block.filter, to: .string(text), inner)
            try at(block.position) { () throws(TemplateError) in
                try emit(try PythonText.string(value))
            }
        case .with(let block):
            let inner = enter(block.scope, parent: frame)
            for (target, expression) in block.assignments {
                try assign(
                    try evaluate(expression, frame), to: target, inner, at: block.position)
            }
            return try execute(block.body, inner)
        case .block(let block):
            _ = try execute(block.body, enter(block.scope, parent: nil))
        case .break: return .breaking
        case .continue: return .continuing
        case .unsupported(let what, let position):
            throw TemplateError(.unsupported, what, at: position)
        }
        return .normal
    }

    private func execute(
        _ conditional: Conditional, _ frame: TemplateFrame
    ) throws(TemplateError) -> Flow {
        for (test, body) in conditional.branches where try evaluate(test, frame).isTrue {
            return try execute(body, frame)
        }
        return try execute(conditional.otherwise, frame)
    }

    private func execute(_ block: CallBlock, _ frame: TemplateFrame) throws(TemplateError) {
        guard case .call(let callee, let arguments, let position) = block.call else { return }
        var values = try evaluate(arguments, frame, at: position)
        values.keyword.append(("caller", .macro(TemplateMacro(block.body, frame: frame))))
        let value = try call(try evaluate(callee, frame), values, at: position)
        try at(position) { () throws(TemplateError) in
            try emit(try PythonText.string(value))
        }
    }

    // MARK: Loops

    /// What `loop(items)` gives inside of a recursive loop.
    func recursiveLoop(
        _ loop: ForLoop, over items: TemplateValue, _ frame: TemplateFrame, depth: Int
    ) throws(TemplateError) -> String {
        do {
            return try call { () throws(TemplateError) in
                try run(loop, over: items, frame, depth: depth)
            }
        } catch {
            throw error.located(at: loop.position)
        }
    }

    private func run(
        _ loop: ForLoop, over items: TemplateValue, _ frame: TemplateFrame, depth: Int
    ) throws(TemplateError) {
        let source: ValueIterator
        do {
            source = try items.iterate()
        } catch {
            throw error.located(at: loop.position)
        }
        let passing = loop.test == nil ? source : try filtered(source, loop, frame)
        let state = LoopState(
            passing, length: loop.test == nil ? try? items.length() : nil, depth0: depth,
            recursion: loop.isRecursive ? (loop, frame) : nil)
        let usesLoop = program.scopes[loop.scope].usesLoop
        let inner = TemplateFrame(slots: program.scopes[loop.scope].slotCount, parent: frame)
        var hasRun = false
        iteration: while true {
            let item: TemplateValue?
            do {
                item = try state.advance()
            } catch {
                throw error.located(at: loop.position)
            }
            guard let item else { break }
            try countIteration(at: loop.position)
            // Each round begins anew: what the last one assigned is gone.
            for slot in inner.slots.indices { inner.slots[slot] = nil }
            try assign(item, to: loop.target, inner, at: loop.position)
            if usesLoop { assign(.loop(state), to: loop.loopName, inner) }
            load(loop.scope, into: inner)
            let flow = try execute(loop.body, inner)
            // jinja2 takes `continue` and `break` for a loop that has not run.
            if case .normal = flow { hasRun = true }
            if case .breaking = flow { break iteration }
        }
        guard !hasRun, !loop.otherwise.isEmpty else { return }
        _ = try execute(loop.otherwise, enter(loop.otherwiseScope, parent: frame))
    }

    /// The items that pass the loop's test, tested one by one as the loop asks for them.
    private func filtered(
        _ source: ValueIterator, _ loop: ForLoop, _ frame: TemplateFrame
    ) throws(TemplateError) -> ValueIterator {
        guard let test = loop.test else { return source }
        let inner = enter(loop.testScope, parent: frame)
        return ValueIterator { [unowned self] () throws(TemplateError) in
            while let item = try source.next() {
                try countIteration(at: loop.position)
                try assign(item, to: loop.testTarget, inner, at: loop.position)
                if try evaluate(test, inner).isTrue { return item }
            }
            return nil
        }
    }

    private func apply(
        _ filter: TemplateExpression, to input: TemplateValue, _ frame: TemplateFrame
    ) throws(TemplateError) -> TemplateValue {
        guard case .filter(let inner, let name, let arguments, let position) = filter else {
            return input
        }
        let value =
            try inner.map { (inner) throws(TemplateError) in
                try apply(inner, to: input, frame)
            } ?? input
        return try apply(filter: name, to: value, arguments, frame, at: position)
    }
}
