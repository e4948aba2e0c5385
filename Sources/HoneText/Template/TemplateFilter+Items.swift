extension TemplateFilter {
    /// Filters about the items of a value as a whole.
    func applyToItems(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        let limits = interpreter.limits
        switch self {
        case .count, .length:
            _ = try bind(arguments, [])
            return .int(try value.length())
        case .first:
            _ = try bind(arguments, [])
            return try value.iterate().next()
                ?? .undefined(.reason("No first item, sequence was empty."))
        case .last:
            _ = try bind(arguments, [])
            guard let reversed = try value.reversed() else {
                throw TemplateError(.type, "'\(value.typeName)' object is not reversible")
            }
            return try reversed.next() ?? .undefined(.reason("No last item, sequence was empty."))
        case .list:
            _ = try bind(arguments, [])
            return .list(try value.collect(limits))
        case .reverse:
            _ = try bind(arguments, [])
            if case .string(let text) = value {
                return .string(String(text.unicodeScalars.reversed()))
            }
            if case .markup(let text) = value {
                return .markup(String(text.unicodeScalars.reversed()))
            }
            if let reversed = try value.reversed() { return .iterator(reversed) }
            do {
                return .list(try value.collect(limits).reversed())
            } catch  where error.kind == .type {
                throw TemplateError(.filterArgument, "argument must be iterable")
            }
        case .items:
            _ = try bind(arguments, [])
            if value.isUndefined { return .iterator(ValueIterator(over: [])) }
            guard case .dict(let dict) = value else {
                throw TemplateError(.type, "Can only get item pairs from a mapping.")
            }
            return .iterator(ValueIterator(over: DictView(.items, of: dict).values))
        case .join: return try joined(value, arguments, interpreter)
        case .batch: return try batched(value, arguments, limits)
        case .slice: return try sliced(value, arguments, limits)
        case .sum:
            let bound = try bind(arguments, ["attribute", "start"])
            let path = try bound.present(0).map(AttributePath.init)
            var total = bound[1] ?? .int(0)
            if total.text != nil {
                throw TemplateError(.type, "sum() can't sum strings [use ''.join(seq) instead]")
            }
            for item in try value.collect(limits) {
                try interpreter.charge(1)
                total = try Arithmetic.apply(
                    .add, total, try path?.value(in: item, interpreter) ?? item, limits)
            }
            return total
        default: return value
        }
    }

    private func joined(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["d", "attribute"])
        let path = try bound.present(1).map(AttributePath.init)
        let separator = try bound[0].map(PythonText.string) ?? ""
        var output = ""
        var isFirst = true
        let items = try value.iterate()
        while let item = try items.next() {
            if !isFirst { output += separator }
            isFirst = false
            output += try PythonText.string(try path?.value(in: item, interpreter) ?? item)
            try output.requireRoom()
            try interpreter.charge(1)
        }
        return .string(output)
    }

    private func batched(
        _ value: TemplateValue, _ arguments: CallArguments, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["linecount", "fill_with"], required: 1)
        let size = try bound.value(0).requireInt()
        var batches: [TemplateValue] = []
        var batch: [TemplateValue] = []
        for (index, item) in try value.collect(limits).enumerated() {
            if batch.count == size, index > 0 || size == 0 {
                batches.append(.list(batch))
                batch = []
            }
            batch.append(item)
        }
        if !batch.isEmpty {
            if let fill = bound.present(1), batch.count < size {
                batch += Array(repeating: fill, count: Swift.min(size, limits.size) - batch.count)
            }
            batches.append(.list(batch))
        }
        return .iterator(ValueIterator(over: batches))
    }

    private func sliced(
        _ value: TemplateValue, _ arguments: CallArguments, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["slices", "fill_with"], required: 1)
        let count = try bound.value(0).requireInt()
        let items = try value.collect(limits)
        guard count != 0 else {
            throw TemplateError(.zeroDivision, "integer division or modulo by zero")
        }
        guard count > 0, count <= limits.size else { return .iterator(ValueIterator(over: [])) }
        let (size, longer) = (items.count / count, items.count % count)
        var slices: [TemplateValue] = []
        var start = 0
        for index in 0..<count {
            let end = start + size + (index < longer ? 1 : 0)
            var slice = Array(items[start..<end])
            if let fill = bound.present(1), index >= longer { slice.append(fill) }
            slices.append(.list(slice))
            start = end
        }
        return .iterator(ValueIterator(over: slices))
    }

    /// `map`, `select` and their like, which work item by item as they are asked.
    func applyToEach(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        // What is false is not looked into, and nor are the arguments then.
        guard value.isTrue else { return .iterator(ValueIterator(over: [])) }
        return .iterator(
            .deferred { () throws(TemplateError) in
                let items = try value.iterate()
                guard self == .map else {
                    let keeps = try selection(arguments, interpreter)
                    return ValueIterator { () throws(TemplateError) in
                        while let item = try items.next() {
                            if try keeps(item) { return item }
                        }
                        return nil
                    }
                }
                let change = try mapping(arguments, interpreter)
                return ValueIterator { () throws(TemplateError) in
                    guard let item = try items.next() else { return nil }
                    return try change(item)
                }
            })
    }

    private func mapping(
        _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> (TemplateValue) throws(TemplateError) -> TemplateValue {
        if arguments.positional.isEmpty,
            let attribute = arguments.keyword.first(where: { $0.name == "attribute" })?.value
        {
            let fallback = arguments.keyword.first { $0.name == "default" }?.value
            if let other = arguments.keyword.first(where: {
                !["attribute", "default"].contains($0.name)
            }) {
                throw TemplateError(
                    .filterArgument,
                    "Unexpected keyword argument \(PythonText.quoted(other.name))")
            }
            let path = try AttributePath(attribute)
            return { (item) throws(TemplateError) in
                try path.value(in: item, default: fallback, interpreter)
            }
        }
        guard let name = arguments.positional.first else {
            throw TemplateError(.filterArgument, "map requires a filter argument")
        }
        var rest = arguments
        rest.positional.removeFirst()
        let given = rest
        guard let filter = name.text.flatMap(TemplateFilter.init) else {
            throw TemplateError(
                .runtime, "No filter named \(try PythonText.representation(name)).")
        }
        return { (item) throws(TemplateError) in try filter.apply(item, given, interpreter) }
    }

    private func selection(
        _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> (TemplateValue) throws(TemplateError) -> Bool {
        var rest = arguments
        var path: AttributePath?
        if self == .selectattr || self == .rejectattr {
            guard !rest.positional.isEmpty else {
                throw TemplateError(.filterArgument, "Missing parameter for attribute name")
            }
            path = try AttributePath(rest.positional.removeFirst())
        }
        let keeps = self == .select || self == .selectattr
        let test: TemplateTest?
        if rest.positional.isEmpty {
            test = nil
        } else {
            let name = rest.positional.removeFirst()
            test = name.text.flatMap(TemplateTest.init)
            guard test != nil else {
                throw TemplateError(
                    .runtime, "No test named \(try PythonText.representation(name)).")
            }
        }
        let (attribute, given) = (path, rest)
        return { (item) throws(TemplateError) in
            let value = try attribute?.value(in: item, interpreter) ?? item
            let holds = try test?.holds(value, given) ?? value.isTrue
            return holds == keeps
        }
    }
}
