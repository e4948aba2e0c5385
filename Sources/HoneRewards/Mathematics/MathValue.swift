/// What a text says mathematically.
indirect enum MathValue: Sendable, Hashable {
    case expression(MathExpression)
    /// In the order in which the members were written.
    case set([MathValue])
    /// Also of two members in round brackets, which may mean an open interval.
    case tuple([MathValue])
    case interval(MathInterval)
    case union(MathValue, MathValue)
    case intersection(MathValue, MathValue)
    case difference(MathValue, MathValue)
    /// a < b ≤ c: one relation fewer than members.
    case relation([MathValue], [Relation])

    enum Relation: Sendable, Hashable {
        case equal, unequal, less, lessOrEqual, greater, greaterOrEqual, approximately, memberOf

        /// The relation after both sides changed places.
        var flipped: Relation {
            switch self {
            case .less: .greater
            case .lessOrEqual: .greaterOrEqual
            case .greater: .less
            case .greaterOrEqual: .lessOrEqual
            case .equal, .unequal, .approximately, .memberOf: self
            }
        }

        func holds(_ a: Double, _ b: Double) -> Bool {
            switch self {
            case .equal, .approximately, .memberOf: a == b
            case .unequal: a != b
            case .less: a < b
            case .lessOrEqual: a <= b
            case .greater: a > b
            case .greaterOrEqual: a >= b
            }
        }
    }

    var expression: MathExpression? {
        guard case .expression(let expression) = self else { return nil }
        return expression
    }

    var isSet: Bool {
        switch self {
        case .set, .tuple, .interval, .union, .intersection, .difference: true
        case .expression, .relation: false
        }
    }

    /// A chain of equations.
    var isEquation: Bool {
        guard case .relation(_, let relations) = self else { return false }
        return relations.allSatisfy { $0 == .equal || $0 == .memberOf }
    }

    /// An equation with nothing but symbols at its left: `x = 1`, `(p, q) = (3, 2)`, `f(x) = …`.
    var isAssignment: Bool {
        guard isEquation, case .relation(let members, _) = self else { return false }
        return members[0].isOnlySymbols
    }

    var isOnlySymbols: Bool {
        switch self {
        case .expression(let expression): expression.isOnlySymbols
        case .tuple(let members), .set(let members): members.allSatisfy(\.isOnlySymbols)
        default: false
        }
    }

    /// The right side of a chain of equations; anything else as it is.
    var unwrapped: MathValue {
        guard isEquation, case .relation(let members, _) = self else { return self }
        return members[members.count - 1]
    }
}

/// An interval of the real line.
struct MathInterval: Sendable, Hashable {
    var lower: MathExpression
    var upper: MathExpression
    var hasLower: Bool
    var hasUpper: Bool
}
