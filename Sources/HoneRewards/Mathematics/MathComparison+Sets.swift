import Foundation

extension MathComparison {
    /// Whether two values of which one is a set, tuple or interval are equal.
    func equalSets(_ gold: MathValue, _ answer: MathValue) -> Bool {
        if case .interval(let a) = gold, case .interval(let b) = answer {
            return a.hasLower == b.hasLower && a.hasUpper == b.hasUpper && equal(a.lower, b.lower)
                && equal(a.upper, b.upper)
        }
        switch (gold, answer) {
        case (.set(let a), .set(let b)): return sameMembers(a, b)
        case (.tuple(let a), .tuple(let b)), (.tuple(let a), .set(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
        case (.set(let a), .tuple(let b)):
            return sameMembers(a, b)
                || a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
        case (.set(let members), .expression), (.set(let members), .relation):
            let values = members.flatMap(MathParser.signsChosen)
            return values.count == 1 && equal(values[0], answer)
        case (.expression(let expression), .set(let members)):
            let values = MathParser.signsChosen(.expression(expression))
            return sameMembers(values, members)
        default: break
        }
        guard let a = RealSet(gold, effort: effort), let b = RealSet(answer, effort: effort) else {
            return false
        }
        return a == b
    }

    /// Whether each member of one has a partner of its own in the other.
    private func sameMembers(_ a: [MathValue], _ b: [MathValue]) -> Bool {
        let a = distinct(a)
        var free = distinct(b)
        guard a.count == free.count else { return false }
        for member in a {
            guard let partner = free.firstIndex(where: { equal(member, $0) || sameWay(member, $0) })
            else { return false }
            free.remove(at: partner)
        }
        return true
    }

    /// The members without those that are written like an earlier one.
    private func distinct(_ members: [MathValue]) -> [MathValue] {
        members.flatMap(MathParser.signsChosen).reduce(into: []) { kept, member in
            if !kept.contains(member) { kept.append(member) }
        }
    }

    /// `x = 1` in one set and `1` in the other.
    private func sameWay(_ member: MathValue, _ other: MathValue) -> Bool {
        guard member.isEquation != other.isEquation else { return false }
        return equal(member.unwrapped, other.unwrapped)
    }

    /// The numbers that a relation in one unknown admits, if the other value is a set.
    static func relationSet(_ value: MathValue, beside other: MathValue) -> MathValue? {
        guard case .relation(let sides, let relations) = value, other.isSet, !value.isEquation
        else {
            return nil
        }
        // a < x < b, where x may be any lone name, also f(x) or |z|.
        let open = sides.indices.filter { sides[$0].expression?.symbols.isEmpty == false }
        guard open.count == 1, let place = open.first, let middle = sides[place].expression else {
            return nil
        }
        var set: MathValue?
        for (index, relation) in relations.enumerated() where index == place - 1 || index == place {
            let isLeft = index == place - 1
            guard let bound = sides[isLeft ? index : index + 1].expression else { return nil }
            let part = ray(isLeft ? relation.flipped : relation, bound)
            guard let part else { return nil }
            set = set.map { .intersection($0, part) } ?? part
        }
        guard let set else { return nil }
        guard case .call(.absolute, _) = middle else {
            return middle.isOnlySymbols ? set : nil
        }
        return .union(
            .intersection(set, .interval(.nonnegative)),
            .intersection(mirrored(set), .interval(.nonpositive)))
    }

    /// The x with x ⋚ bound.
    private static func ray(
        _ relation: MathValue.Relation, _ bound: MathExpression
    ) -> MathValue? {
        let low = MathExpression.negative(.constant(.infinity))
        let high = MathExpression.constant(.infinity)
        func interval(_ lower: MathExpression, _ upper: MathExpression, _ closed: Bool) -> MathValue
        {
            .interval(
                MathInterval(lower: lower, upper: upper, hasLower: closed, hasUpper: closed))
        }
        switch relation {
        case .less: return interval(low, bound, false)
        case .lessOrEqual: return interval(low, bound, true)
        case .greater: return interval(bound, high, false)
        case .greaterOrEqual: return interval(bound, high, true)
        case .unequal:
            return .union(interval(low, bound, false), interval(bound, high, false))
        case .equal, .approximately, .memberOf: return nil
        }
    }

    /// {−x : x ∈ set}.
    private static func mirrored(_ set: MathValue) -> MathValue {
        switch set {
        case .interval(let i):
            .interval(
                MathInterval(
                    lower: .negative(i.upper), upper: .negative(i.lower), hasLower: i.hasUpper,
                    hasUpper: i.hasLower))
        case .union(let a, let b): .union(mirrored(a), mirrored(b))
        case .intersection(let a, let b): .intersection(mirrored(a), mirrored(b))
        default: set
        }
    }
}

extension MathInterval {
    fileprivate static let nonnegative = MathInterval(
        lower: .number(digits: "0"), upper: .constant(.infinity), hasLower: true, hasUpper: false)
    fileprivate static let nonpositive = MathInterval(
        lower: .negative(.constant(.infinity)), upper: .number(digits: "0"), hasLower: false,
        hasUpper: true)
}
