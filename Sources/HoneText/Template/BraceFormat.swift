/// Python's `text.format(…)`, with members looked up by the sandbox's rules.
enum BraceFormat {
    static func apply(
        _ format: String, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> String {
        var run = Run(arguments: arguments, interpreter: interpreter)
        return try run.text(format.unicodeScalars[...], depth: 2)
    }

    private struct Run {
        let arguments: CallArguments
        let interpreter: TemplateInterpreter
        var automatic = 0

        mutating func text(
            _ format: Substring.UnicodeScalarView, depth: Int
        ) throws(TemplateError) -> String {
            guard depth >= 0 else { throw TemplateError(.value, "Max string recursion exceeded") }
            var output = String.UnicodeScalarView()
            var rest = format
            while let scalar = rest.popFirst() {
                switch scalar {
                case "{" where rest.first == "{", "}" where rest.first == "}":
                    output.append(rest.removeFirst())
                case "}": throw TemplateError(.value, "Single '}' encountered in format string")
                case "{":
                    let field = try Self.field(&rest)
                    output.append(contentsOf: try replacement(field, depth).unicodeScalars)
                default: output.append(scalar)
                }
            }
            return String(output)
        }

        /// Everything up to the brace that closes the field.
        private static func field(
            _ rest: inout Substring.UnicodeScalarView
        ) throws(TemplateError) -> Substring.UnicodeScalarView {
            var open = 1
            var index = rest.startIndex
            while index < rest.endIndex {
                if rest[index] == "{" { open += 1 }
                if rest[index] == "}" { open -= 1 }
                if open == 0 {
                    let field = rest[..<index]
                    rest = rest[rest.index(after: index)...]
                    return field
                }
                index = rest.index(after: index)
            }
            throw TemplateError(
                .value,
                rest.isEmpty
                    ? "Single '{' encountered in format string"
                    : "expected '}' before end of string")
        }

        private mutating func replacement(
            _ field: Substring.UnicodeScalarView, _ depth: Int
        ) throws(TemplateError) -> String {
            var bracket = false
            let name = field.prefix { scalar in
                if scalar == "[" { bracket = true }
                if scalar == "]" { bracket = false }
                return bracket || scalar != ":" && scalar != "!"
            }
            var rest = field[name.endIndex...]
            var value = try lookUp(name)
            if rest.first == "!" {
                rest.removeFirst()
                guard let conversion = rest.popFirst(), rest.isEmpty || rest.first == ":" else {
                    throw TemplateError(.value, "expected ':' after conversion specifier")
                }
                switch conversion {
                case "s": value = .string(try PythonText.string(value))
                case "r", "a": value = .string(try PythonText.representation(value))
                default:
                    throw TemplateError(
                        .value, "Unknown conversion specifier '\(conversion)'")
                }
            }
            if rest.first == ":" { rest.removeFirst() }
            let specification = try text(rest, depth: depth - 1)
            if specification.isEmpty { return try PythonText.string(value) }
            return try FormatSpecification(specification).format(value)
        }

        private mutating func lookUp(
            _ name: Substring.UnicodeScalarView
        ) throws(TemplateError) -> TemplateValue {
            let first = name.prefix { $0 != "." && $0 != "[" }
            var rest = name[first.endIndex...]
            var value: TemplateValue
            if first.isEmpty || first.allSatisfy(\.isASCIIDigit) {
                let index = first.isEmpty ? automatic : Int(String(first)) ?? .max
                if first.isEmpty { automatic += 1 }
                guard index < arguments.positional.count else {
                    throw TemplateError(
                        .index,
                        "Replacement index \(index) out of range for positional args tuple")
                }
                value = arguments.positional[index]
            } else {
                let wanted = String(first)
                guard let found = arguments.keyword.first(where: { $0.name == wanted }) else {
                    throw TemplateError(.key, PythonText.quoted(wanted))
                }
                value = found.value
            }
            while let mark = rest.popFirst() {
                if mark == "." {
                    let member = rest.prefix { $0 != "." && $0 != "[" }
                    rest = rest[member.endIndex...]
                    value = try Members.attribute(String(member), of: value, interpreter)
                } else {
                    let index = rest.prefix { $0 != "]" }
                    guard index.endIndex < rest.endIndex else {
                        throw TemplateError(.value, "Missing ']' in format string")
                    }
                    rest = rest[rest.index(after: index.endIndex)...]
                    let text = String(index)
                    value = try Members.item(
                        Int(text).map(TemplateValue.int) ?? .string(text), of: value, interpreter)
                }
            }
            return value
        }
    }
}
