import OrderedCollections

/// A macro, or what a call block hands over as `caller`, with the scope it was defined in.
final class TemplateMacro {
    let definition: MacroDefinition
    let frame: TemplateFrame

    init(_ definition: MacroDefinition, frame: TemplateFrame) {
        self.definition = definition
        self.frame = frame
    }

    func member(_ name: String, usesCaller: Bool) -> TemplateValue? {
        switch name {
        case "name": definition.name.map(TemplateValue.string) ?? TemplateValue.none
        case "arguments": .tuple(definition.parameters.map { .string($0.name) })
        case "caller": .bool(usesCaller)
        default: nil
        }
    }
}

extension TemplateInterpreter {
    /// What a macro writes when it is called: Python's rules of binding, and jinja2's special
    /// names `caller`, `kwargs` and `varargs` where the body reads them.
    func invoke(_ macro: TemplateMacro, _ arguments: CallArguments) throws(TemplateError) -> String
    {
        let definition = macro.definition
        let layout = program.scopes[definition.scope]
        let parameters = definition.parameters
        let name = definition.name.map(PythonText.quoted) ?? "None"
        var keyword = arguments.keyword
        func take(_ wanted: String) -> TemplateValue? {
            keyword.firstIndex { $0.name == wanted }.map { keyword.remove(at: $0).value }
        }
        var values: [TemplateValue?] = arguments.positional.prefix(parameters.count).map { $0 }
        var foundCaller =
            values.count == parameters.count
            && parameters.contains { $0.name == "caller" }
        for parameter in parameters[values.count...] {
            if parameter.name == "caller" { foundCaller = true }
            values.append(take(parameter.name))
        }
        let frame = enter(definition.scope, parent: macro.frame)
        for (parameter, value) in zip(parameters, values) {
            if let value { assign(value, to: parameter, frame) }
        }
        if layout.usesCaller, !foundCaller {
            let missing = TemplateValue.undefined(.reason("No caller defined"))
            assign(take("caller") ?? missing, to: definition.caller, frame)
        }
        if layout.usesKeywordArguments {
            var entries = TemplateDict.Entries()
            for (name, value) in keyword { entries[TemplateKey(.string(name))] = value }
            assign(.dict(TemplateDict(entries)), to: definition.keywordArguments, frame)
        } else if let first = keyword.first {
            throw TemplateError(
                .type,
                keyword.contains { $0.name == "caller" }
                    ? "macro \(name) was invoked with two values for the special caller argument. "
                        + "This is most likely a bug."
                    : "macro \(name) takes no keyword argument \(PythonText.quoted(first.name))")
        }
        let extra = Array(arguments.positional.dropFirst(parameters.count))
        if layout.usesExtraArguments {
            assign(.tuple(extra), to: definition.extraArguments, frame)
        } else if !extra.isEmpty {
            throw TemplateError(
                .type, "macro \(name) takes not more than \(parameters.count) argument(s)")
        }
        return try call { () throws(TemplateError) in
            let firstDefault = parameters.count - definition.defaults.count
            for (index, parameter) in parameters.enumerated() where values[index] == nil {
                assign(
                    index >= firstDefault
                        ? try evaluate(definition.defaults[index - firstDefault], frame)
                        : .undefined(.reason("parameter '\(parameter.name)' was not provided")),
                    to: parameter, frame)
            }
            _ = try execute(definition.body, frame)
        }
    }
}
