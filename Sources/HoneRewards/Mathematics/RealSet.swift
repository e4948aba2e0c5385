/// A set of real numbers made of points and intervals.
///
/// Two such sets are equal if they agree at every bound and at a point between any two neighbouring
/// bounds, so equality is decided and not guessed.
struct RealSet: Equatable {
    private let parts: Part

    private indirect enum Part {
        case points([Double])
        case interval(Double, Double, hasLower: Bool, hasUpper: Bool)
        case union(Part, Part)
        case intersection(Part, Part)
        case difference(Part, Part)
    }

    /// `nil` for anything but a set of numbers, an interval, a pair in round brackets, or what is made of
    /// them.
    /// - Parameters:
    ///   - value: what may be a set.
    ///   - effort: what may be computed.
    init?(_ value: MathValue, effort: MathEffort) {
        guard let part = Self.part(value, effort) else { return nil }
        parts = part
    }

    private static func part(_ value: MathValue, _ effort: MathEffort) -> Part? {
        switch value {
        case .set(let members):
            let numbers = members.flatMap(MathParser.signsChosen).map {
                $0.expression.flatMap { number($0, effort) }
            }
            return numbers.contains(nil) ? nil : .points(numbers.compactMap { $0 })
        case .interval(let interval):
            return bounds(interval.lower, interval.upper, effort).map {
                .interval(
                    $0, $1, hasLower: interval.hasLower, hasUpper: interval.hasUpper)
            }
        case .tuple(let members):
            guard members.count == 2, let lower = members[0].expression,
                let upper = members[1].expression
            else { return nil }
            return bounds(lower, upper, effort).map {
                .interval($0, $1, hasLower: false, hasUpper: false)
            }
        case .union(let a, let b): return pair(a, b, effort).map { .union($0, $1) }
        case .intersection(let a, let b): return pair(a, b, effort).map { .intersection($0, $1) }
        case .difference(let a, let b): return pair(a, b, effort).map { .difference($0, $1) }
        case .expression(.symbol), .expression(.text): return nil
        case .expression(let expression):
            return number(expression, effort).map { .points([$0]) }
        case .relation: return nil
        }
    }

    private static func pair(
        _ a: MathValue, _ b: MathValue, _ effort: MathEffort
    ) -> (Part, Part)? {
        guard let left = part(a, effort), let right = part(b, effort) else { return nil }
        return (left, right)
    }

    private static func bounds(
        _ a: MathExpression, _ b: MathExpression, _ effort: MathEffort
    ) -> (Double, Double)? {
        guard let lower = number(a, effort), let upper = number(b, effort) else { return nil }
        return (lower, upper)
    }

    private static func number(_ expression: MathExpression, _ effort: MathEffort) -> Double? {
        let point = MathEvaluation(trial: 0, effort: effort)
        guard expression.symbols.isEmpty, let value = point.number(expression), value.isReal
        else { return nil }
        // Nine digits, so that √2 is the same bound whichever way it was computed.
        guard value.real.isFinite else { return value.real }
        return (value.real * 1e9).rounded() / 1e9
    }

    static func == (a: RealSet, b: RealSet) -> Bool {
        let bounds = Set(a.bounds(a.parts) + b.bounds(b.parts)).filter(\.isFinite).sorted()
        var points = bounds
        for (low, high) in zip(bounds, bounds.dropFirst()) { points.append((low + high) / 2) }
        points += [(bounds.first ?? 0) - 1, (bounds.last ?? 0) + 1]
        return points.allSatisfy { a.contains($0, a.parts) == b.contains($0, b.parts) }
    }

    private func bounds(_ part: Part) -> [Double] {
        switch part {
        case .points(let points): points
        case .interval(let lower, let upper, _, _): [lower, upper]
        case .union(let a, let b), .intersection(let a, let b), .difference(let a, let b):
            bounds(a) + bounds(b)
        }
    }

    private func contains(_ x: Double, _ part: Part) -> Bool {
        switch part {
        case .points(let points): points.contains(x)
        case .interval(let lower, let upper, let hasLower, let hasUpper):
            (hasLower ? x >= lower : x > lower) && (hasUpper ? x <= upper : x < upper)
        case .union(let a, let b): contains(x, a) || contains(x, b)
        case .intersection(let a, let b): contains(x, a) && contains(x, b)
        case .difference(let a, let b): contains(x, a) && !contains(x, b)
        }
    }
}
