/// A mathematical expression as it was written.
indirect enum MathExpression: Sendable, Hashable {
    /// An integer or decimal; `digits` without separators and leading zeros.
    case number(digits: String)
    /// `x`, `a_1`; in lower case.
    case symbol(String)
    case constant(Constant)
    case sum(MathExpression, MathExpression)
    case negative(MathExpression)
    case product(MathExpression, MathExpression)
    case quotient(MathExpression, MathExpression)
    case power(MathExpression, MathExpression)
    /// a ± b.
    case plusMinus(MathExpression, MathExpression)
    /// a ∓ b.
    case minusPlus(MathExpression, MathExpression)
    case percent(MathExpression)
    case factorial(MathExpression)
    case call(MathFunction, [MathExpression])
    /// A function of which only the name is known: equal names and equal arguments give equal values.
    case unknown(String, [MathExpression])
    /// A sum or product over `variable`.
    case series(
        Series, variable: String, from: MathExpression, to: MathExpression, MathExpression)
    case matrix([[MathExpression]])
    /// Words; compared as words.
    case text(String)

    enum Constant: Sendable, Hashable {
        case pi, e, i, infinity
    }

    enum Series: Sendable, Hashable {
        case sum, product
    }

    static func difference(_ a: MathExpression, _ b: MathExpression) -> MathExpression {
        .sum(a, .negative(b))
    }

    /// The parts it is made of, directly.
    var parts: [MathExpression] {
        switch self {
        case .number, .symbol, .constant, .text: []
        case .negative(let a), .percent(let a), .factorial(let a): [a]
        case .sum(let a, let b), .product(let a, let b), .quotient(let a, let b),
            .power(let a, let b), .plusMinus(let a, let b), .minusPlus(let a, let b):
            [a, b]
        case .call(_, let arguments), .unknown(_, let arguments): arguments
        case .series(_, _, let from, let to, let body): [from, to, body]
        case .matrix(let rows): rows.flatMap { $0 }
        }
    }

    /// Whether it is a symbol or made of nothing but symbols, as `AB`, `f(x)` or `A/B`.
    var isOnlySymbols: Bool {
        switch self {
        case .symbol: true
        case .number, .constant, .text, .series, .matrix: false
        case .product, .quotient, .unknown, .call(.absolute, _): parts.allSatisfy(\.isOnlySymbols)
        default: false
        }
    }

    /// The names of its symbols.
    var symbols: Set<String> {
        if case .symbol(let name) = self { return [name] }
        return parts.reduce(into: []) { $0.formUnion($1.symbols) }
    }

    var hasSigns: Bool {
        switch self {
        case .plusMinus, .minusPlus: true
        default: parts.contains(where: \.hasSigns)
        }
    }

    /// The expression with each ± read as + (and ∓ as −), or the other way round.
    func choosing(_ upper: Bool) -> MathExpression {
        func chosen(_ part: MathExpression) -> MathExpression { part.choosing(upper) }
        switch self {
        case .number, .symbol, .constant, .text: return self
        case .negative(let a): return .negative(chosen(a))
        case .percent(let a): return .percent(chosen(a))
        case .factorial(let a): return .factorial(chosen(a))
        case .sum(let a, let b): return .sum(chosen(a), chosen(b))
        case .product(let a, let b): return .product(chosen(a), chosen(b))
        case .quotient(let a, let b): return .quotient(chosen(a), chosen(b))
        case .power(let a, let b): return .power(chosen(a), chosen(b))
        case .plusMinus(let a, let b):
            return upper ? .sum(chosen(a), chosen(b)) : .difference(chosen(a), chosen(b))
        case .minusPlus(let a, let b):
            return upper ? .difference(chosen(a), chosen(b)) : .sum(chosen(a), chosen(b))
        case .call(let function, let arguments): return .call(function, arguments.map(chosen))
        case .unknown(let name, let arguments): return .unknown(name, arguments.map(chosen))
        case .series(let kind, let variable, let from, let to, let body):
            return .series(
                kind, variable: variable, from: chosen(from), to: chosen(to), chosen(body))
        case .matrix(let rows): return .matrix(rows.map { $0.map(chosen) })
        }
    }

    /// A number as written, also with a sign or a percent sign.
    var literal: MathLiteral? {
        switch self {
        case .number(let digits): MathLiteral(digits: digits, isNegative: false, isPercent: false)
        case .negative(let inner):
            inner.literal.map {
                MathLiteral(digits: $0.digits, isNegative: !$0.isNegative, isPercent: $0.isPercent)
            }
        case .percent(let inner):
            inner.literal.map {
                MathLiteral(digits: $0.digits, isNegative: $0.isNegative, isPercent: true)
            }
        default: nil
        }
    }

    /// The letters of a word that was read as a product of symbols, or of a text; in lower case.
    var word: String? {
        switch self {
        case .text(let text): text.filter { !$0.isWhitespace && !"().".contains($0) }.lowercased()
        case .symbol(let name): name
        case .constant(.e): "e"
        case .constant(.i): "i"
        case .product(let a, let b):
            if let left = a.word, let right = b.word { left + right } else { nil }
        default: nil
        }
    }
}

/// A number written out.
struct MathLiteral: Sendable, Hashable {
    var digits: String
    var isNegative: Bool
    var isPercent: Bool

    /// Whether it has a decimal point, so that it may stand for a rounded value.
    var isDecimal: Bool { digits.contains(".") }
}
