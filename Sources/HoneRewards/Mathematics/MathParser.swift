/// Reads tokens of LaTeX or plain mathematics into a value.
///
/// list := group (";" group)*; group := element ("," element)*; element := setTerm (relation setTerm)*;
/// setTerm := additive ((∪ | ∩ | ∖) additive)*. What the brackets of a list mean is decided by their kind
/// and by how many members they hold; see ``brackets(_:)``.
struct MathParser {
    private(set) var tokens: [MathToken]
    var index = 0
    /// How many `|` are open.
    var openBars = 0
    private var depth = 0
    private var steps = 0

    /// What may stand in one another: brackets, arguments, powers, signs. Deeper is refused rather than
    /// read, since every level takes its part of the stack.
    private static let deepest = 200
    /// Primaries read, those read again after a wrong guess among them: `f(f(f(…` would otherwise take
    /// twice as long with each letter.
    private static let mostSteps = 20_000

    struct Problem: Error {}

    init(_ tokens: [MathToken]) { self.tokens = tokens }

    /// The value that `text` states; `nil` if it states none.
    static func value(of text: String) -> MathValue? {
        guard let tokens = try? MathLexer.tokens(of: text), !tokens.isEmpty,
            tokens.count <= 4000
        else { return nil }
        var parser = MathParser(tokens)
        guard let value = try? parser.list(), parser.index == tokens.count else { return nil }
        return value
    }

    var current: MathToken? { index < tokens.count ? tokens[index] : nil }

    func token(_ offset: Int) -> MathToken? {
        index + offset < tokens.count ? tokens[index + offset] : nil
    }

    /// Takes one digit of the number that stands here: `\frac12` is 1/2.
    mutating func takeDigit() -> String? {
        guard case .number(let digits)? = current, digits.count > 1, !digits.contains(".") else {
            return nil
        }
        tokens[index] = .number(String(digits.dropFirst()))
        return String(digits.prefix(1))
    }

    mutating func take(_ token: MathToken) -> Bool {
        guard current == token else { return false }
        index += 1
        return true
    }

    mutating func expect(_ token: MathToken) throws(Problem) {
        guard take(token) else { throw Problem() }
    }

    // MARK: Lists

    mutating func list() throws(Problem) -> MathValue {
        try descend()
        defer { ascend() }
        return Self.joined(try groups())
    }

    /// Enters a level; whoever does so leaves it with ``ascend()``.
    mutating func descend() throws(Problem) {
        steps += 1
        guard depth < Self.deepest, steps <= Self.mostSteps else { throw Problem() }
        depth += 1
    }

    mutating func ascend() { depth -= 1 }

    /// Elements by groups: `;` between groups, `,` between elements.
    mutating func groups() throws(Problem) -> [[MathValue]] {
        var groups: [[MathValue]] = [[]]
        repeat {
            if !groups[groups.count - 1].isEmpty { groups.append([]) }
            repeat {
                // "1, 2, and 3" leaves two separators side by side.
                if current == .sign(",") { continue }
                groups[groups.count - 1].append(try element())
            } while take(.sign(","))
        } while take(.sign(";"))
        return groups
    }

    private static func joined(_ groups: [[MathValue]]) -> MathValue {
        if groups.count > 1, groups.contains(where: { $0.count > 1 }) {
            return .set(groups.map { .tuple($0) })
        }
        let members = groups.flatMap { $0 }
        guard members.count > 1 else { return members[0] }
        // `n = 1, 2, 3` says that n is one of three.
        if case .relation(var sides, let relations) = members[0], members[0].isEquation,
            !members.dropFirst().contains(where: { if case .relation = $0 { true } else { false } })
        {
            let values = [sides[sides.count - 1]] + members.dropFirst()
            sides[sides.count - 1] = .set(values.flatMap(signsChosen))
            return .relation(sides, relations)
        }
        return .set(members.flatMap(signsChosen))
    }

    /// The two values of something with ±; else the value.
    static func signsChosen(_ value: MathValue) -> [MathValue] {
        switch value {
        case .expression(let expression) where expression.hasSigns:
            return [
                .expression(expression.choosing(true)), .expression(expression.choosing(false)),
            ]
        case .relation(let sides, let relations) where value.isEquation:
            guard let last = sides.last?.expression, last.hasSigns else { return [value] }
            return signsChosen(.expression(last)).map {
                .relation(sides.dropLast() + [$0], relations)
            }
        default: return [value]
        }
    }

    // MARK: Relations and sets

    private mutating func element() throws(Problem) -> MathValue {
        var members = [try setTerm()]
        var relations: [MathValue.Relation] = []
        while case .relation(let relation)? = current {
            index += 1
            relations.append(relation)
            members.append(try setTerm())
        }
        if relations.isEmpty { return members[0] }
        return Self.withoutApproximations(members, relations)
    }

    /// `x ≈ 11` says 11; in `x = 1/3 ≈ 0.33` what is approximate is left out.
    private static func withoutApproximations(
        _ members: [MathValue], _ relations: [MathValue.Relation]
    ) -> MathValue {
        guard let place = relations.firstIndex(of: .approximately) else {
            return .relation(members, relations)
        }
        if place == 0 {
            return members[0].isOnlySymbols
                ? members[1] : members[0]
        }
        return .relation(Array(members[...place]), Array(relations[..<place]))
    }

    private mutating func setTerm() throws(Problem) -> MathValue {
        var value = try additive()
        while case .command(let name)? = current, ["cup", "cap", "setminus"].contains(name) {
            index += 1
            let right = try additive()
            switch name {
            case "cup": value = .union(value, right)
            case "cap": value = .intersection(value, right)
            default: value = .difference(value, right)
            }
        }
        return value
    }

    // MARK: Sums and products

    mutating func expression() throws(Problem) -> MathExpression {
        guard let expression = try additive().expression else { throw Problem() }
        return expression
    }

    private mutating func additive() throws(Problem) -> MathValue {
        var value: MathValue
        switch current {
        case .sign("-"):
            index += 1
            value = .expression(.negative(try term()))
        case .sign("+"):
            index += 1
            value = try product()
        case .command("pm"):
            index += 1
            value = .expression(.plusMinus(.number(digits: "0"), try term()))
        case .command("mp"):
            index += 1
            value = .expression(.minusPlus(.number(digits: "0"), try term()))
        default: value = try product()
        }
        while true {
            switch current {
            case .sign("+"):
                index += 1
                value = .expression(.sum(try Self.scalar(value), try signedTerm()))
            case .sign("-"):
                index += 1
                value = .expression(.difference(try Self.scalar(value), try signedTerm()))
            case .command("pm"):
                index += 1
                value = .expression(.plusMinus(try Self.scalar(value), try term()))
            case .command("mp"):
                index += 1
                value = .expression(.minusPlus(try Self.scalar(value), try term()))
            default: return value
            }
        }
    }

    /// A term that may have a sign of its own, as in `3--1` and `2 + -x`.
    private mutating func signedTerm() throws(Problem) -> MathExpression {
        try descend()
        defer { ascend() }
        if take(.sign("-")) { return .negative(try signedTerm()) }
        if take(.sign("+")) { return try signedTerm() }
        return try term()
    }

    private mutating func term() throws(Problem) -> MathExpression {
        try Self.scalar(try product())
    }

    static func scalar(_ value: MathValue) throws(Problem) -> MathExpression {
        guard let expression = value.expression else { throw Problem() }
        return expression
    }

    private mutating func product() throws(Problem) -> MathValue {
        var value = try factor()
        while true {
            switch current {
            case .sign("*"):
                index += 1
                value = .expression(.product(try Self.scalar(value), try signedFactor()))
            case .sign("/"), .sign(":"):
                index += 1
                value = .expression(.quotient(try Self.scalar(value), try signedFactor()))
            default:
                guard beginsFactor, let left = value.expression else { return value }
                let isMixed = isMixedNumber
                let right = try Self.scalar(try factor())
                value = .expression(isMixed ? .sum(left, right) : .product(left, right))
            }
        }
    }

    /// Whether an integer stands before `\frac` of two integers: 2½ and not 2 · ½.
    private var isMixedNumber: Bool {
        guard index > 0, case .number(let digits) = tokens[index - 1], !digits.contains("."),
            current == .command("frac"), case .number? = token(2), case .number? = token(5)
        else { return false }
        return token(1) == .sign("{") && token(3) == .sign("}") && token(6) == .sign("}")
    }

    private mutating func signedFactor() throws(Problem) -> MathExpression {
        try descend()
        defer { ascend() }
        if take(.sign("-")) { return .negative(try signedFactor()) }
        if take(.sign("+")) { return try signedFactor() }
        return try Self.scalar(try factor())
    }
}
