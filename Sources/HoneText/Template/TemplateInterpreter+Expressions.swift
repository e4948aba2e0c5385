import OrderedCollections

extension TemplateInterpreter {
    func evaluate(
        _ expression: TemplateExpression, _ frame: TemplateFrame
    ) throws(TemplateError) -> TemplateValue {
        switch expression {
        case .literal(let literal): return literal.value
        case .name(let name): return value(of: name, frame)
        default: break
        }
        evaluationDepth += 1
        defer { evaluationDepth -= 1 }
        guard evaluationDepth <= limits.evaluationDepth else {
            throw TemplateError(
                .limit, "expressions and calls nested \(limits.evaluationDepth) deep")
        }
        try charge(Self.costOfExpression)
        let made: TemplateValue
        // Each kind has a function of its own: what they need must not add up on the stack, since
        // this one calls itself as deep as the expression is.
        switch expression {
        case .call(let callee, let arguments, let position):
            made = try evaluateCall(callee, arguments, frame, at: position)
            try at(position) { () throws(TemplateError) in try weigh(made) }
        case .filter(let input, let name, let arguments, let position):
            made = try filter(input, name, arguments, frame, at: position)
            try at(position) { () throws(TemplateError) in try weigh(made) }
        case .test(let input, let name, let arguments, let position):
            return .bool(try test(input, name, arguments, frame, at: position))
        case .attribute, .item: return try lookUp(expression, frame)
        case .slice:
            made = try lookUp(expression, frame)
            try weigh(made)
        case .not, .and, .or, .compare, .conditional: return try decide(expression, frame)
        case .binary, .negate, .plus, .concatenate:
            made = try compute(expression, frame)
            try weigh(made)
        case .literal, .name, .tuple, .list, .dict:
            made = try build(expression, frame)
            try weigh(made)
        }
        return made
    }

    private func lookUp(
        _ expression: TemplateExpression, _ frame: TemplateFrame
    ) throws(TemplateError) -> TemplateValue {
        switch expression {
        case .attribute(let object, let name, let position):
            let object = try evaluate(object, frame)
            return try at(position) { () throws(TemplateError) in
                try Members.attribute(name, of: object, self)
            }
        case .item(let object, let index, let position):
            let object = try evaluate(object, frame)
            let index = try evaluate(index, frame)
            return try at(position) { () throws(TemplateError) in
                try Members.item(index, of: object, self)
            }
        case .slice(let object, let bounds, let position):
            return try slice(object, bounds, frame, at: position)
        default: preconditionFailure("no look-up")
        }
    }

    private func decide(
        _ expression: TemplateExpression, _ frame: TemplateFrame
    ) throws(TemplateError) -> TemplateValue {
        switch expression {
        case .not(let operand): return .bool(!(try evaluate(operand, frame).isTrue))
        case .and(let left, let right):
            let first = try evaluate(left, frame)
            return first.isTrue ? try evaluate(right, frame) : first
        case .or(let left, let right):
            let first = try evaluate(left, frame)
            return first.isTrue ? first : try evaluate(right, frame)
        case .compare(let first, let rest, let position):
            return .bool(try compare(first, rest, frame, at: position))
        case .conditional(let test, let then, let otherwise, let position):
            if try evaluate(test, frame).isTrue { return try evaluate(then, frame) }
            if let otherwise { return try evaluate(otherwise, frame) }
            return .undefined(
                .reason(
                    "the inline if-expression on line \(position.line) evaluated to false and no "
                        + "else section was defined."))
        default: preconditionFailure("no decision")
        }
    }

    private func compute(
        _ expression: TemplateExpression, _ frame: TemplateFrame
    ) throws(TemplateError) -> TemplateValue {
        switch expression {
        case .binary(let operation, let left, let right, let position):
            let left = try evaluate(left, frame)
            let right = try evaluate(right, frame)
            return try at(position) { () throws(TemplateError) in
                try Arithmetic.apply(operation, left, right, limits)
            }
        case .negate(let operand, let position):
            let value = try evaluate(operand, frame)
            return try at(position) { () throws(TemplateError) in try Arithmetic.negate(value) }
        case .plus(let operand, let position):
            let value = try evaluate(operand, frame)
            return try at(position) { () throws(TemplateError) in try Arithmetic.plus(value) }
        case .concatenate(let parts, let position):
            var text = ""
            for part in parts {
                let value = try evaluate(part, frame)
                text += try at(position) { () throws(TemplateError) in
                    try PythonText.string(value)
                }
                try text.requireRoom()
            }
            return .string(text)
        default: preconditionFailure("no computation")
        }
    }

    private func build(
        _ expression: TemplateExpression, _ frame: TemplateFrame
    ) throws(TemplateError) -> TemplateValue {
        switch expression {
        case .literal(let literal): return literal.value
        case .name(let name): return value(of: name, frame)
        case .tuple(let items): return .tuple(try evaluate(items, frame))
        case .list(let items): return .list(try evaluate(items, frame))
        case .dict(let items, let position):
            var entries = TemplateDict.Entries(minimumCapacity: items.count)
            for (key, value) in items {
                let key = try evaluate(key, frame)
                let value = try evaluate(value, frame)
                entries[
                    try at(position) { () throws(TemplateError) in
                        try TemplateKey(hashing: key)
                    }] = value
            }
            return .dict(TemplateDict(entries))
        default: preconditionFailure("no literal")
        }
    }

    private func filter(
        _ input: TemplateExpression?, _ name: String, _ arguments: ArgumentList,
        _ frame: TemplateFrame, at position: TemplatePosition
    ) throws(TemplateError) -> TemplateValue {
        guard let input else { return .none }
        return try apply(
            filter: name, to: try evaluate(input, frame), arguments, frame, at: position)
    }

    /// Runs `body`; its errors stand at `position` unless they already know better.
    @inline(__always)
    func at<Result>(
        _ position: TemplatePosition, _ body: () throws(TemplateError) -> Result
    ) throws(TemplateError) -> Result {
        do {
            return try body()
        } catch {
            throw error.located(at: position)
        }
    }

    private func evaluate(
        _ expressions: [TemplateExpression], _ frame: TemplateFrame
    ) throws(TemplateError) -> [TemplateValue] {
        var values: [TemplateValue] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression, frame)) }
        return values
    }

    func evaluate(
        _ arguments: ArgumentList, _ frame: TemplateFrame, at position: TemplatePosition
    ) throws(TemplateError) -> CallArguments {
        var result = CallArguments(positional: try evaluate(arguments.positional, frame))
        for (name, value) in arguments.keyword {
            result.keyword.append((name, try evaluate(value, frame)))
        }
        if let spread = arguments.spread {
            let value = try evaluate(spread, frame)
            result.positional += try at(position) { () throws(TemplateError) in
                try value.collect(limits)
            }
        }
        if let spread = arguments.keywordSpread {
            guard case .dict(let dict) = try evaluate(spread, frame) else {
                throw TemplateError(.type, "argument after ** must be a mapping", at: position)
            }
            for (key, value) in dict.entries {
                guard let name = key.value.text else {
                    throw TemplateError(.type, "keywords must be strings", at: position)
                }
                result.keyword.append((name, value))
            }
        }
        return result
    }

    private func compare(
        _ first: TemplateExpression,
        _ rest: [(operation: ComparisonOperator, operand: TemplateExpression)],
        _ frame: TemplateFrame, at position: TemplatePosition
    ) throws(TemplateError) -> Bool {
        var left = try evaluate(first, frame)
        for (operation, operand) in rest {
            let right = try evaluate(operand, frame)
            let holds = try at(position) { () throws(TemplateError) in
                try chargeForComparing(left, right)
                return try operation.holds(left, right)
            }
            if !holds { return false }
            left = right
        }
        return true
    }

    private func slice(
        _ object: TemplateExpression, _ bounds: SliceBounds, _ frame: TemplateFrame,
        at position: TemplatePosition
    ) throws(TemplateError) -> TemplateValue {
        let object = try evaluate(object, frame)
        func bound(_ expression: TemplateExpression?) throws(TemplateError) -> TemplateValue {
            guard let expression else { return .none }
            return try evaluate(expression, frame)
        }
        let start = try bound(bounds.start)
        let stop = try bound(bounds.stop)
        let step = try bound(bounds.step)
        return try at(position) { () throws(TemplateError) in
            try Members.slice(object, start: start, stop: stop, step: step)
        }
    }

    // MARK: Calls

    private func evaluateCall(
        _ callee: TemplateExpression, _ arguments: ArgumentList, _ frame: TemplateFrame,
        at position: TemplatePosition
    ) throws(TemplateError) -> TemplateValue {
        // The common `text.strip()`: no need to make a value of the method first.
        if case .attribute(let object, let name, let place) = callee {
            let object = try evaluate(object, frame)
            if Members.hasMethod(name, object) {
                let values = try evaluate(arguments, frame, at: position)
                return try at(position) { () throws(TemplateError) in
                    try chargeForReading(object)
                    return try Methods.call(name, of: object, values, self)
                }
            }
            let member = try at(place) { () throws(TemplateError) in
                try Members.attribute(name, of: object, self)
            }
            return try call(member, try evaluate(arguments, frame, at: position), at: position)
        }
        let function = try evaluate(callee, frame)
        return try call(function, try evaluate(arguments, frame, at: position), at: position)
    }

    func call(
        _ callee: TemplateValue, _ arguments: CallArguments, at position: TemplatePosition
    ) throws(TemplateError) -> TemplateValue {
        try at(position) { () throws(TemplateError) in
            switch callee {
            case .undefined(let undefined): throw undefined.error
            case .function(let function): return try function.call(arguments, self)
            case .method(let method):
                return try Methods.call(method.name, of: method.receiver, arguments, self)
            case .macro(let macro): return .string(try invoke(macro, arguments))
            case .loop(let loop):
                guard let (definition, frame) = loop.recursion else {
                    throw TemplateError(
                        .type,
                        "The loop must have the 'recursive' marker to be called recursively.")
                }
                let bound = try arguments.bind("__call__", ["iterable"], required: 1)
                return .string(
                    try recursiveLoop(
                        definition, over: bound.value(0), frame, depth: loop.depth0 + 1))
            case .joiner(let joiner):
                guard joiner.isUsed else {
                    joiner.isUsed = true
                    return .string("")
                }
                return joiner.separator
            default:
                throw TemplateError(.type, "'\(callee.typeName)' object is not callable")
            }
        }
    }

    func apply(
        filter name: String, to input: TemplateValue, _ arguments: ArgumentList,
        _ frame: TemplateFrame, at position: TemplatePosition
    ) throws(TemplateError) -> TemplateValue {
        let values = try evaluate(arguments, frame, at: position)
        return try at(position) { () throws(TemplateError) in
            guard let filter = TemplateFilter(rawValue: name) else {
                throw TemplateError(.runtime, "No filter named '\(name)' found.")
            }
            try chargeForReading(input)
            let result = try filter.apply(input, values, self)
            try mark(result, madeFrom: input, values)
            return result
        }
    }

    private func test(
        _ input: TemplateExpression, _ name: String, _ arguments: ArgumentList,
        _ frame: TemplateFrame, at position: TemplatePosition
    ) throws(TemplateError) -> Bool {
        let input = try evaluate(input, frame)
        let values = try evaluate(arguments, frame, at: position)
        return try at(position) { () throws(TemplateError) in
            guard let test = TemplateTest(rawValue: name) else {
                throw TemplateError(.runtime, "No test named '\(name)' found.")
            }
            if let other = values.positional.first { try chargeForComparing(input, other) }
            return try test.holds(input, values)
        }
    }
}

extension TemplateLiteral {
    var value: TemplateValue {
        switch self {
        case .none: .none
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case .string(let value): .string(value)
        }
    }
}

extension ComparisonOperator {
    func holds(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) -> Bool {
        switch self {
        case .equal: return left.isEqual(to: right)
        case .notEqual: return !left.isEqual(to: right)
        case .in: return try right.contains(left)
        case .notIn: return !(try right.contains(left))
        case .less: return try left.order(to: right, symbol: "<").map { $0 < 0 } ?? false
        case .lessOrEqual: return try left.order(to: right, symbol: "<=").map { $0 <= 0 } ?? false
        case .greater: return try left.order(to: right, symbol: ">").map { $0 > 0 } ?? false
        case .greaterOrEqual:
            return try left.order(to: right, symbol: ">=").map { $0 >= 0 } ?? false
        }
    }
}
