import Foundation
import HoneCore
import OrderedCollections
import Yams

/// Why a recipe's text could not be read.
public enum RecipeError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case syntax(file: String, line: Int, column: Int, message: String)
    case override(text: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .syntax(let file, let line, let column, let message):
            "\(file):\(line):\(column): \(message)"
        case .override(let text, let reason): "--set \(text): \(reason)"
        }
    }
}

/// YAML as recipes use it: the core schema of YAML 1.2, with the line of every key.
///
/// Plain words become values as in JSON: only `true` and `false` are booleans (not `yes`, `no`,
/// `on`, `off` as in YAML 1.1) and `1e-5` is a number. Quoted text is always text.
public enum RecipeYAML {
    /// The document in `text`.
    /// - Parameter file: its name in errors.
    /// - Parameter text: The text to read.
    public static func document(_ text: String, file: String) throws(RecipeError) -> ConfigDocument
    {
        guard let node = try node(of: text, file: file) else {
            return ConfigDocument(file: file, root: [:])
        }
        var lines: [ConfigPath: Int] = [:]
        let root = try value(of: node, at: .root, file: file, &lines)
        return ConfigDocument(file: file, root: root, lines: lines)
    }

    /// The single value in `text`: what `--set key=TEXT` means.
    public static func value(_ text: String) throws(RecipeError) -> JSONValue {
        try document(text.isEmpty ? "null" : text, file: "").root
    }

    /// How often the parts of a document may be repeated by aliases within aliases.
    private static let mostRepetitions = 100_000

    /// At most how often aliases repeat a part of `text`: the product over all anchors of their uses and one. It
    /// is found in the text, since Yams looks through what aliases stand for while it reads.
    private static func repetitions(in text: String) -> Int {
        let bytes = Array(text.utf8)
        func name(at start: Int) -> ArraySlice<UInt8> {
            bytes[start...].prefix { byte in
                byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                    || Unicode.Scalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte)
            }
        }
        var uses: [ArraySlice<UInt8>: Int] = [:]
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "&") {
            let name = name(at: index + 1)
            if !name.isEmpty { uses[name] = 0 }
        }
        guard !uses.isEmpty else { return 1 }
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "*") {
            uses[name(at: index + 1)]? += 1
        }
        return uses.values.reduce(1) { product, count in
            // Bounded, so that the next product is a number.
            min(product * (count + 1), 1 << 31)
        }
    }

    private static func node(of text: String, file: String) throws(RecipeError) -> Node? {
        guard repetitions(in: text) <= mostRepetitions else {
            throw .unreadable(
                file: file,
                reason: "its aliases repeat parts of it more than \(mostRepetitions) times")
        }
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw syntaxError(error, file: file)
        } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
    }

    private static func syntaxError(_ error: YamlError, file: String) -> RecipeError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return .syntax(
                file: file, line: mark.line, column: mark.column, message: Self.inWords(problem))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { $0.description }.joined(separator: ", ")
            return .syntax(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "given twice in one mapping: \(names)")
        default: return .unreadable(file: file, reason: "\(error)")
        }
    }

    /// What libyaml complains of, with what it mostly comes from.
    private static func inWords(_ problem: String) -> String {
        let hint: String? =
            if problem.contains("cannot start any token") {
                "is there a tab, or an @ or % or backquote? YAML indents with blanks and wants such "
                    + "text in quotes"
            } else if problem.contains("unexpected end of stream") {
                "a quotation mark or bracket is not closed"
            } else if problem.contains("'-' indicator") || problem.contains("expected key") {
                "are the lines of this list or mapping indented alike?"
            } else if problem.contains("mapping values are not allowed") {
                "text with a colon and a blank in it wants quotes"
            } else if problem.contains("expected <document start>") {
                "this is not one YAML mapping"
            } else {
                nil
            }
        return problem + (hint.map { "; \($0)" } ?? "")
    }

    private static func value(
        of node: Node, at path: ConfigPath, file: String, _ lines: inout [ConfigPath: Int]
    ) throws(RecipeError) -> JSONValue {
        if lines[path] == nil, let mark = node.mark { lines[path] = mark.line }
        // Aliases repeat what they point to, so a short text can describe an endless document.
        guard lines.count < 20_000 else {
            throw .unreadable(file: file, reason: "it has more than 20,000 values")
        }
        switch node {
        case .scalar(let scalar): return value(of: scalar)
        case .sequence(let sequence):
            var items: [JSONValue] = []
            for (position, item) in sequence.enumerated() {
                items.append(
                    try value(of: item, at: path.index(position), file: file, &lines))
            }
            return .array(items)
        case .mapping(let mapping):
            var members = JSONObject()
            for (key, member) in mapping {
                guard case .scalar(let name) = key else {
                    throw .syntax(
                        file: file, line: key.mark?.line ?? 0, column: key.mark?.column ?? 0,
                        message: "a key must be plain text")
                }
                let place = path.key(name.string)
                if let mark = key.mark { lines[place] = mark.line }
                members[name.string] = try value(of: member, at: place, file: file, &lines)
            }
            return .object(members)
        case .alias(let alias):
            throw .syntax(
                file: file, line: alias.mark?.line ?? 0, column: alias.mark?.column ?? 0,
                message: "the alias points to nothing")
        }
    }

    private static func value(of scalar: Node.Scalar) -> JSONValue {
        scalar.style == .plain ? plainValue(scalar.string) : .string(scalar.string)
    }

    /// What an unquoted word means (YAML 1.2, section 10.3.2).
    static func plainValue(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf": return .double(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .double(-.infinity)
        case ".nan", ".NaN", ".NAN": return .double(.nan)
        default: break
        }
        if text.hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16) {
            return .int(value)
        }
        if text.hasPrefix("0o"), let value = Int(text.dropFirst(2), radix: 8) {
            return .int(value)
        }
        let isNumber = text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/)
        guard isNumber != nil else { return .string(text) }
        if let value = Int(text) { return .int(value) }
        // Swift wants digits on both sides of the point.
        var digits = text.replacing("+", with: "", maxReplacements: text.hasPrefix("+") ? 1 : 0)
        if digits.hasPrefix(".") { digits = "0" + digits }
        if digits.hasPrefix("-.") { digits = "-0" + digits.dropFirst() }
        if let point = digits.firstIndex(of: "."),
            digits.index(after: point) == digits.endIndex
                || !digits[digits.index(after: point)].isNumber
        {
            digits.insert("0", at: digits.index(after: point))
        }
        return Double(digits).map(JSONValue.double) ?? .string(text)
    }

    // MARK: Writing

    /// `json` as YAML that ``document(_:file:)`` reads back to the same value.
    public static func text(_ json: JSONValue) throws -> String {
        try Yams.serialize(node: node(of: json), width: -1, allowUnicode: true)
    }

    private static func node(of json: JSONValue) -> Node {
        switch json {
        case .null: Node("null", .implicit, .plain)
        case .bool(let value): Node(value ? "true" : "false", .implicit, .plain)
        case .int(let value): Node(String(value), .implicit, .plain)
        case .double(let value): Node(number(value), .implicit, .plain)
        case .string(let text): Node(text, Tag(.str), style(of: text))
        case .array(let items):
            Node(
                items.map(node(of:)), .implicit,
                items.allSatisfy(isScalar) ? .flow : .block)
        case .object(let members):
            Node(
                members.map { (node(of: .string($0.key)), node(of: $0.value)) }, .implicit,
                members.isEmpty ? .flow : .block)
        }
    }

    private static func isScalar(_ json: JSONValue) -> Bool {
        switch json {
        case .array, .object: false
        default: true
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return ".nan" }
        if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
        return "\(value)"
    }

    private static func style(of text: String) -> Node.Scalar.Style {
        if text.contains("\n") { return .literal }
        if plainValue(text) != .string(text) { return .doubleQuoted }
        return .any
    }
}
