import Foundation
import HoneCore

/// The `calculate_output` of OpenAI's `multi` grader: arithmetic over the scores of other graders.
///
/// Numbers, names of graders, `+ - * /`, `^` (binds closest, from the right), parentheses, and the
/// functions `min`, `max` (one argument or more), `abs`, `floor`, `ceil`, `exp`, `sqrt`, `log` (natural).
///
/// Source: OpenAI's guide to graders.
public struct GraderFormula: Sendable, Hashable {
    /// As it was written.
    public let source: String
    /// The graders it names, each once, in the order they occur.
    public let names: [String]
    private let root: Node

    private indirect enum Node: Sendable, Hashable {
        case number(Double)
        case score(String)
        case negated(Node)
        case combined(Operator, Node, Node)
        case called(Function, [Node])
    }

    private enum Operator: Character, Sendable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case over = "/"
        case power = "^"

        func callAsFunction(_ left: Double, _ right: Double) -> Double {
            switch self {
            case .plus: left + right
            case .minus: left - right
            case .times: left * right
            case .over: left / right
            case .power: pow(left, right)
            }
        }
    }

    private enum Function: String, Sendable, CaseIterable {
        case min, max, abs, floor, ceil, exp, sqrt, log

        var takesMany: Bool { self == .min || self == .max }

        func callAsFunction(_ values: [Double]) -> Double {
            // The parser lets no call without arguments pass.
            let first = values[0]
            return switch self {
            case .min: values.reduce(first, Swift.min)
            case .max: values.reduce(first, Swift.max)
            case .abs: Swift.abs(first)
            case .floor: first.rounded(.down)
            case .ceil: first.rounded(.up)
            case .exp: Foundation.exp(first)
            case .sqrt: first.squareRoot()
            case .log: Foundation.log(first)
            }
        }
    }

    /// Reads `source`.
    /// - Throws: ``GraderFormulaError`` where it is no formula.
    public init(_ source: String) throws(GraderFormulaError) {
        var parser = Parser(source: source, rest: source[...])
        root = try parser.sum(depth: 0)
        parser.skipSpace()
        guard parser.rest.isEmpty else { throw parser.error("an operator or the end") }
        self.source = source
        names = parser.names
    }

    /// The formula's value, which may be infinite or no number, as after a division by zero.
    /// - Parameter scores: of each grader in ``names``.
    func value(_ scores: [String: Double]) -> Double { Self.value(root, scores) }

    private static func value(_ node: Node, _ scores: [String: Double]) -> Double {
        switch node {
        case .number(let number): number
        case .score(let name): scores[name] ?? .nan
        case .negated(let inner): -value(inner, scores)
        case .combined(let combine, let left, let right):
            combine(value(left, scores), value(right, scores))
        case .called(let function, let arguments): function(arguments.map { value($0, scores) })
        }
    }

    private struct Parser {
        let source: String
        var rest: Substring
        var names: [String] = []

        /// Deeper than anybody writes and shallower than the stack.
        private static let mostDepth = 100

        mutating func sum(depth: Int) throws(GraderFormulaError) -> Node {
            guard depth < Self.mostDepth else { throw error("fewer parentheses") }
            var left = try product(depth: depth)
            while let symbol = take(["+", "-"]) {
                left = .combined(symbol, left, try product(depth: depth))
            }
            return left
        }

        private mutating func product(depth: Int) throws(GraderFormulaError) -> Node {
            var left = try signed(depth: depth)
            while let symbol = take(["*", "/"]) {
                left = .combined(symbol, left, try signed(depth: depth))
            }
            return left
        }

        private mutating func signed(depth: Int) throws(GraderFormulaError) -> Node {
            guard depth < Self.mostDepth else { throw error("fewer signs") }
            if take(["-"]) != nil { return .negated(try signed(depth: depth + 1)) }
            if take(["+"]) != nil { return try signed(depth: depth + 1) }
            let base = try atom(depth: depth)
            guard take(["^"]) != nil else { return base }
            return .combined(.power, base, try signed(depth: depth + 1))
        }

        private mutating func atom(depth: Int) throws(GraderFormulaError) -> Node {
            skipSpace()
            guard let first = rest.first else { throw error("a number or a grader's name") }
            if first == "(" {
                rest.removeFirst()
                let inner = try sum(depth: depth + 1)
                try expect(")")
                return inner
            }
            if first.isASCII, first.isNumber || first == "." { return try number() }
            let name = rest.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
            guard !name.isEmpty else { throw error("a number or a grader's name") }
            rest = rest[name.endIndex...]
            skipSpace()
            guard rest.first == "(" else {
                if !names.contains(String(name)) { names.append(String(name)) }
                return .score(String(name))
            }
            return try call(String(name), depth: depth)
        }

        private mutating func number() throws(GraderFormulaError) -> Node {
            var text = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let after = rest[text.endIndex...]
            if let mark = after.first, mark == "e" || mark == "E" {
                let sign = after.dropFirst().first
                let signed = sign == "-" || sign == "+" ? 2 : 1
                let digits = after.dropFirst(signed).prefix { $0.isASCII && $0.isNumber }
                if !digits.isEmpty { text = rest[rest.startIndex..<digits.endIndex] }
            }
            guard let value = Double(text) else { throw error("a number") }
            rest = rest[text.endIndex...]
            return .number(value)
        }

        private mutating func call(
            _ name: String, depth: Int
        ) throws(GraderFormulaError) -> Node {
            guard let function = Function(rawValue: name) else {
                throw error(
                    "one of the functions "
                        + Function.allCases.map(\.rawValue).joined(separator: ", "))
            }
            try expect("(")
            var arguments = [try sum(depth: depth + 1)]
            skipSpace()
            while function.takesMany, rest.first == "," {
                rest.removeFirst()
                arguments.append(try sum(depth: depth + 1))
                skipSpace()
            }
            try expect(")")
            return .called(function, arguments)
        }

        private mutating func take(_ symbols: [Character]) -> Operator? {
            skipSpace()
            guard let first = rest.first, symbols.contains(first) else { return nil }
            rest.removeFirst()
            return Operator(rawValue: first)
        }

        private mutating func expect(_ symbol: Character) throws(GraderFormulaError) {
            skipSpace()
            guard rest.first == symbol else { throw error("\(symbol)") }
            rest.removeFirst()
        }

        mutating func skipSpace() { rest = rest.drop(while: \.isWhitespace) }

        func error(_ expected: String) -> GraderFormulaError {
            GraderFormulaError(expected: expected, rest: String(rest.prefix(30)))
        }
    }
}

/// Where a formula stops being one.
public struct GraderFormulaError: Error, Sendable, Hashable, CustomStringConvertible {
    public var expected: String
    /// What stands there instead.
    public var rest: String

    public var description: String {
        "expected \(expected), found \(rest.isEmpty ? "the end" : rest)"
    }
}

extension GraderFormula: ConfigValue {
    public static let form = ConfigForm.value(
        "a formula over the graders' names, such as 0.8 * exact + 0.2 * style")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> GraderFormula? {
        // A formula that is only a number comes as one.
        guard let text = json.stringValue ?? json.doubleValue.map({ "\($0)" }) else {
            problems.append(ConfigProblem(path, "expected \(form.text), found \(json.kind)"))
            return nil
        }
        do {
            return try GraderFormula(text)
        } catch {
            problems.append(ConfigProblem(path, "\(error)"))
            return nil
        }
    }

    public var configJSON: JSONValue { .string(source) }
}
