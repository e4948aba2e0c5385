import Foundation

/// Whether two values say the same.
///
/// The rules are those of Math-Verify, which are not symmetric: the form of the reference decides what
/// the answer has to look like. Identity of expressions is tested at random points (``MathEvaluation``),
/// where Math-Verify simplifies them.
struct MathComparison {
    var rules = Rules()
    /// What the comparisons may compute together.
    let effort = MathEffort()

    /// What a comparison of two expressions costs beside their evaluation, in the unit of ``effort``.
    private static let costOfPair = 20

    /// How strictly answers are compared.
    struct Rules: Sendable {
        /// Places behind the point to which a number written as a decimal is compared.
        var decimalPlaces = 6
        /// Whether an answer `1 < x < 2` equals the reference `(1, 2)`; the other way round it always does.
        var acceptsRelationForSet = false
        /// Whether symbols may go by other names.
        var variables: Variables = .byName
    }

    enum Variables: Sendable {
        case byName, byPlace
    }

    /// Points at which two expressions must agree, and how many of them may lie outside the domain.
    private static let trials = 6
    private static let neededTrials = 2

    func equal(_ gold: MathValue, _ answer: MathValue) -> Bool {
        if gold == answer { return true }
        var gold = Self.shortened(gold)
        var answer = Self.shortened(answer)
        let isEquation = (gold: gold.isEquation, answer: answer.isEquation)
        if isEquation.answer, !isEquation.gold {
            answer = answer.unwrapped
        } else if gold.isAssignment, !isEquation.answer {
            gold = gold.unwrapped
        }
        if gold == answer { return true }
        if let set = Self.relationSet(gold, beside: answer) { gold = set }
        if rules.acceptsRelationForSet, let set = Self.relationSet(answer, beside: gold) {
            answer = set
        }
        switch (gold, answer) {
        case (.relation(let sides, let relations), .relation(let others, let otherRelations)):
            return equalRelations(sides, relations, others, otherRelations)
        case (.relation, _), (_, .relation): return false
        case (.expression(let a), .expression(let b)): return equal(a, b)
        default: return equalSets(gold, answer)
        }
    }

    /// A chain of equations that names something, as its first and last member.
    private static func shortened(_ value: MathValue) -> MathValue {
        guard value.isAssignment, case .relation(let sides, let relations) = value, sides.count > 2
        else { return value }
        return .relation([sides[0], sides[sides.count - 1]], [relations[relations.count - 1]])
    }

    // MARK: Expressions

    func equal(_ a: MathExpression, _ b: MathExpression) -> Bool {
        guard effort.spend(Self.costOfPair) else { return false }
        if a == b { return true }
        // Words are compared as words, also where one side was read as a product of letters.
        if Self.isWord(a) || Self.isWord(b) {
            guard let left = a.word, let right = b.word else { return false }
            return left == right
        }
        if a.hasSigns || b.hasSigns {
            return a.hasSigns && b.hasSigns && equal(a.choosing(true), b.choosing(true))
                && equal(a.choosing(false), b.choosing(false))
        }
        if let left = a.literal, let right = b.literal, !left.isDecimal, !right.isDecimal {
            // Compared as digits, so that a number of any length is exact.
            if left.isPercent == right.isPercent {
                return left.digits == right.digits
                    && (left.isNegative == right.isNegative || left.digits == "0")
            }
        }
        if a.literal?.isDecimal == true || b.literal?.isDecimal == true {
            return equalRounded(a, b)
        }
        if case .matrix = a, case .matrix = b, let both = equalMatrices(a, b) { return both }
        return isIdentity(a, rules.variables == .byName ? b : Self.renamed(b, like: a))
    }

    private static func isWord(_ expression: MathExpression) -> Bool {
        switch expression {
        case .text, .symbol: true
        default: false
        }
    }

    private static func renamed(_ b: MathExpression, like a: MathExpression) -> MathExpression {
        let names = b.symbols.sorted()
        let others = a.symbols.sorted()
        guard names.count == others.count else { return b }
        return b.renaming(Dictionary(uniqueKeysWithValues: zip(names, others)))
    }

    private func equalRounded(_ a: MathExpression, _ b: MathExpression) -> Bool {
        let point = MathEvaluation(trial: 0, effort: effort)
        guard a.symbols.isEmpty, b.symbols.isEmpty, let left = point.number(a),
            let right = point.number(b), left.isReal, right.isReal
        else { return a.symbols.isEmpty && b.symbols.isEmpty ? false : isIdentity(a, b) }
        let scale = pow(10, Double(rules.decimalPlaces))
        return abs((left.real * scale).rounded() - (right.real * scale).rounded()) < 0.5
    }

    private func equalMatrices(_ a: MathExpression, _ b: MathExpression) -> Bool? {
        guard case .matrix(let rows) = a, case .matrix(let others) = b else { return nil }
        return rows.map(\.count) == others.map(\.count)
            && zip(rows.joined(), others.joined()).allSatisfy { equal($0, $1) }
    }

    /// Whether a and b have the same value wherever both have one.
    private func isIdentity(_ a: MathExpression, _ b: MathExpression) -> Bool {
        var agreed = 0
        let count = a.symbols.isEmpty && b.symbols.isEmpty ? 1 : Self.trials
        for trial in 0..<count {
            let point = MathEvaluation(trial: trial, effort: effort)
            switch (point.value(a), point.value(b)) {
            case (nil, nil): continue
            case (let left?, let right?):
                guard Self.near(left, right) else { return false }
                agreed += 1
            default: return false
            }
        }
        return agreed >= min(Self.neededTrials, count)
    }

    private static func near(_ a: MathEvaluation.Value, _ b: MathEvaluation.Value) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)): near(x, y)
        case (.matrix(let x), .matrix(let y)):
            x.map(\.count) == y.map(\.count)
                && zip(x.joined(), y.joined()).allSatisfy { near($0, $1) }
        case (.matrix(let x), .number(let y)), (.number(let y), .matrix(let x)):
            x.count == 1 && x[0].count == 1 && near(x[0][0], y)
        }
    }

    /// Equal but for rounding: 1e-9 of the larger, or 1e-12 beside zero.
    private static func near(_ a: ComplexNumber, _ b: ComplexNumber) -> Bool {
        if a == b { return true }
        guard a.isFinite, b.isFinite else { return false }
        let size = max(a.magnitude, b.magnitude)
        if a.isZero || b.isZero { return size < 1e-12 }
        return (a - b).magnitude <= 1e-9 * size
    }

    // MARK: Relations

    private func equalRelations(
        _ sides: [MathValue], _ relations: [MathValue.Relation], _ others: [MathValue],
        _ otherRelations: [MathValue.Relation]
    ) -> Bool {
        guard sides.count == others.count else { return false }
        if relations.count == 1 {
            return equalRelation(sides, relations[0], others, otherRelations[0])
        }
        let isSame =
            relations == otherRelations && zip(sides, others).allSatisfy { equal($0, $1) }
        let isFlipped =
            relations.map(\.flipped) == otherRelations.reversed()
            && zip(sides, others.reversed()).allSatisfy { equal($0, $1) }
        return isSame || isFlipped
    }

    private func equalRelation(
        _ sides: [MathValue], _ relation: MathValue.Relation, _ others: [MathValue],
        _ other: MathValue.Relation
    ) -> Bool {
        let relation: MathValue.Relation = relation == .memberOf ? .equal : relation
        let other: MathValue.Relation = other == .memberOf ? .equal : other
        if relation == other, equal(sides[0], others[0]), equal(sides[1], others[1]) { return true }
        guard let left = Self.differences(sides), let right = Self.differences(others) else {
            return false
        }
        return factor(of: left, to: right).map { factor in
            relation == (factor > 0 ? other : other.flipped)
        } ?? false
    }

    private static func differences(_ sides: [MathValue]) -> MathExpression? {
        guard let left = sides[0].expression, let right = sides[1].expression else { return nil }
        return .difference(left, right)
    }

    /// k ≠ 0 if b = k · a at every point tried. So `2x + 4y − 3 = 0` and `y = 3/4 − x/2` are the same.
    private func factor(of a: MathExpression, to b: MathExpression) -> Double? {
        let b = rules.variables == .byName ? b : Self.renamed(b, like: a)
        guard a.symbols == b.symbols else { return nil }
        var factors: [Double] = []
        for trial in 0..<Self.trials {
            let point = MathEvaluation(trial: trial, effort: effort)
            guard let left = point.number(a), let right = point.number(b), left.magnitude > 1e-9,
                let ratio = right.divided(by: left), ratio.isReal
            else { continue }
            factors.append(ratio.real)
        }
        guard factors.count >= Self.neededTrials, let first = factors.first, abs(first) > 1e-9,
            factors.allSatisfy({ abs($0 - first) <= 1e-8 * abs(first) })
        else { return nil }
        return first
    }
}

extension MathExpression {
    /// The expression with its symbols under other names.
    func renaming(_ names: [String: String]) -> MathExpression {
        func renamed(_ part: MathExpression) -> MathExpression { part.renaming(names) }
        switch self {
        case .symbol(let name): return .symbol(names[name] ?? name)
        case .number, .constant, .text: return self
        case .negative(let a): return .negative(renamed(a))
        case .percent(let a): return .percent(renamed(a))
        case .factorial(let a): return .factorial(renamed(a))
        case .sum(let a, let b): return .sum(renamed(a), renamed(b))
        case .product(let a, let b): return .product(renamed(a), renamed(b))
        case .quotient(let a, let b): return .quotient(renamed(a), renamed(b))
        case .power(let a, let b): return .power(renamed(a), renamed(b))
        case .plusMinus(let a, let b): return .plusMinus(renamed(a), renamed(b))
        case .minusPlus(let a, let b): return .minusPlus(renamed(a), renamed(b))
        case .call(let function, let arguments): return .call(function, arguments.map(renamed))
        case .unknown(let name, let arguments): return .unknown(name, arguments.map(renamed))
        case .series(let kind, let variable, let from, let to, let body):
            return .series(
                kind, variable: variable, from: renamed(from), to: renamed(to), renamed(body))
        case .matrix(let rows): return .matrix(rows.map { $0.map(renamed) })
        }
    }
}
