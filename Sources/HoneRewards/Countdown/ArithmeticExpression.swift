/// An arithmetic expression over `+ - * /`, parentheses and signs, evaluated exactly.
///
/// Accepts what Python's parser accepts of that language, so that a completion judged by Python's
/// `eval` elsewhere is judged alike: signs may repeat (`3 - -5`), an integer has no leading zero,
/// line breaks stand only inside parentheses, parentheses nest to at most 200 levels. `**` and `//`
/// are not part of it.
public struct ArithmeticExpression: Sendable, Hashable {
    public let value: Rational
    /// Every number of the text in its order, without signs.
    public let literals: [Literal]

    /// A number as written.
    public struct Literal: Sendable, Hashable {
        public let value: Rational
        /// Whether digits follow a decimal point: `5.0`, not `5.`.
        public let hasDecimals: Bool
    }

    /// - Throws: ``ArithmeticError`` where the text is no expression or has no value.
    public init(_ text: String) throws(ArithmeticError) {
        var parser = ArithmeticParser(bytes: Array(text.utf8))
        value = try parser.parse()
        literals = parser.literals
    }
}

/// Why a text has no arithmetic value. Positions count bytes from 0.
public enum ArithmeticError: Error, Sendable, Hashable {
    case syntax(at: Int)
    case divisionByZero(at: Int)
    /// A number beyond 128 bits.
    case overflow(at: Int)
}

/// Recursive descent; recursion only for parentheses, whose depth is bounded.
private struct ArithmeticParser {
    let bytes: [UInt8]
    var position = 0
    var depth = 0
    var literals: [ArithmeticExpression.Literal] = []

    static let maximumDepth = 200

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func parse() throws(ArithmeticError) -> Rational {
        let value = try sum()
        guard position == bytes.count else { throw .syntax(at: position) }
        return value
    }

    private mutating func sum() throws(ArithmeticError) -> Rational {
        var value = try product()
        while let sign = next(UInt8(ascii: "+"), UInt8(ascii: "-")) {
            let at = position
            let right = try product()
            let result =
                sign == UInt8(ascii: "+") ? value.adding(right) : value.subtracting(right)
            guard let result else { throw .overflow(at: at) }
            value = result
        }
        return value
    }

    private mutating func product() throws(ArithmeticError) -> Rational {
        var value = try factor()
        while let sign = next(UInt8(ascii: "*"), UInt8(ascii: "/")) {
            let at = position
            let right = try factor()
            if sign == UInt8(ascii: "/"), right.numerator == 0 { throw .divisionByZero(at: at) }
            let result =
                sign == UInt8(ascii: "*") ? value.multiplied(by: right) : value.divided(by: right)
            guard let result else { throw .overflow(at: at) }
            value = result
        }
        return value
    }

    private mutating func factor() throws(ArithmeticError) -> Rational {
        var isNegative = false
        while let sign = next(UInt8(ascii: "+"), UInt8(ascii: "-")) {
            if sign == UInt8(ascii: "-") { isNegative.toggle() }
        }
        let at = position
        let value: Rational
        if next(UInt8(ascii: "("), UInt8(ascii: "(")) != nil {
            depth += 1
            guard depth <= Self.maximumDepth else { throw .syntax(at: at) }
            value = try sum()
            guard peek() == UInt8(ascii: ")") else { throw .syntax(at: position) }
            depth -= 1
            position += 1
            skipSpace()
        } else {
            value = try number()
        }
        guard isNegative else { return value }
        guard let negated = value.negated else { throw .overflow(at: at) }
        return negated
    }

    private mutating func number() throws(ArithmeticError) -> Rational {
        skipSpace()
        let start = position
        skipDigits()
        let integerEnd = position
        var isInteger = true
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            skipDigits()
        }
        let digits = bytes[start..<position]
        guard digits.contains(where: { $0 != UInt8(ascii: ".") }) else { throw .syntax(at: start) }
        if isInteger, integerEnd - start > 1, bytes[start] == UInt8(ascii: "0"),
            digits.contains(where: { $0 != UInt8(ascii: "0") })
        {
            throw .syntax(at: start)
        }
        guard let value = Rational(decimal: String(decoding: digits, as: UTF8.self)) else {
            throw .overflow(at: start)
        }
        literals.append(
            ArithmeticExpression.Literal(
                value: value, hasDecimals: !isInteger && digits.last != UInt8(ascii: ".")))
        skipSpace()
        return value
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Takes one of two operators and the space around it.
    private mutating func next(_ first: UInt8, _ second: UInt8) -> UInt8? {
        skipSpace()
        guard let byte = peek(), byte == first || byte == second else { return nil }
        position += 1
        skipSpace()
        return byte
    }

    private mutating func skipDigits() {
        while let byte = peek(), (0x30...0x39).contains(byte) { position += 1 }
    }

    private mutating func skipSpace() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0C: position += 1
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                // Python ends the expression at a line break outside parentheses.
                guard depth > 0 else { return }
                position += 1
            default: return
            }
        }
    }
}
