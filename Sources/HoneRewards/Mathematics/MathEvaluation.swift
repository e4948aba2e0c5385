import Foundation

/// Evaluates expressions at a point where every symbol has a value drawn from its name.
///
/// Two expressions that agree at several such points are taken to be equal: what is not identical
/// agrees at a random point with probability 0, up to rounding (Schwartz 1980, Zippel 1979).
struct MathEvaluation {
    /// Which point: each number gives another.
    let trial: Int
    let effort: MathEffort
    /// Values that take the place of the drawn ones.
    var bound: [String: ComplexNumber] = [:]

    /// Terms of a series that are added up; a longer one is compared by its parts.
    private static let longestSeries = 10_000.0

    init(trial: Int, effort: MathEffort = MathEffort()) {
        self.trial = trial
        self.effort = effort
    }

    enum Value: Sendable, Hashable {
        case number(ComplexNumber)
        case matrix([[ComplexNumber]])
    }

    /// The value of `expression`; `nil` where it has none, as for 1 / 0 or words.
    func number(_ expression: MathExpression) -> ComplexNumber? {
        guard case .number(let value)? = value(expression) else { return nil }
        return value
    }

    func value(_ expression: MathExpression) -> Value? {
        guard effort.spend() else { return nil }
        switch expression {
        case .matrix(let rows):
            let values = rows.map { $0.map(number) }
            guard values.allSatisfy({ !$0.contains(nil) }) else { return nil }
            return .matrix(values.map { $0.compactMap { $0 } })
        case .sum(let a, let b):
            guard let left = value(a), let right = value(b) else { return nil }
            return Self.sum(left, right)
        case .negative(let a): return value(a).flatMap { Self.product(.number(-.one), $0) }
        case .product(let a, let b):
            guard let left = value(a), let right = value(b) else { return nil }
            return Self.product(left, right)
        case .quotient(let a, let b):
            guard let left = value(a), let divisor = number(b),
                let factor = ComplexNumber.one.divided(by: divisor)
            else { return nil }
            if case .number(let dividend) = left {
                return dividend.divided(by: divisor).map(Value.number)
            }
            return Self.product(.number(factor), left)
        default: return scalar(expression).map(Value.number)
        }
    }

    private func scalar(_ expression: MathExpression) -> ComplexNumber? {
        switch expression {
        case .number(let digits): return Double(digits).map { ComplexNumber($0) }
        case .symbol(let name): return bound[name] ?? ComplexNumber(drawn(name))
        case .constant(.pi): return ComplexNumber(.pi)
        case .constant(.e): return bound["e"] ?? ComplexNumber(M_E)
        case .constant(.i): return bound["i"] ?? .unit
        case .constant(.infinity): return ComplexNumber(.infinity)
        case .percent(let a): return number(a)?.divided(by: ComplexNumber(100))
        case .power(let a, let b):
            guard let base = number(a), let power = number(b) else { return nil }
            return base.raised(to: power)
        case .factorial(let a):
            guard let x = number(a), x.isReal, x.real >= 0 else { return nil }
            return ComplexNumber(tgamma(x.real + 1))
        case .call(let function, let arguments):
            let values = arguments.compactMap(number)
            return values.count == arguments.count ? function.value(values) : nil
        case .unknown(let name, let arguments):
            let values = arguments.compactMap(number)
            return values.count == arguments.count ? mixed(name, values) : nil
        case .series(let kind, let variable, let from, let to, let body):
            return series(kind, variable, from, to, body)
        case .plusMinus, .minusPlus, .text, .sum, .negative, .product, .quotient, .matrix:
            return nil
        }
    }

    private func series(
        _ kind: MathExpression.Series, _ variable: String, _ from: MathExpression,
        _ to: MathExpression, _ body: MathExpression
    ) -> ComplexNumber? {
        guard let first = number(from), let last = number(to) else { return nil }
        var inner = self
        let isCountable =
            first.isReal && last.isReal && first.real == first.real.rounded()
            && last.real == last.real.rounded() && last.real - first.real < Self.longestSeries
        guard isCountable else {
            var values = [first, last]
            for place in 0..<3 {
                inner.bound[variable] = ComplexNumber(drawn("\(place)"))
                guard let value = inner.number(body) else { return nil }
                values.append(value)
            }
            return mixed(kind == .sum ? "Σ" : "Π", values)
        }
        var result = kind == .sum ? ComplexNumber.zero : .one
        for index in stride(from: first.real, through: last.real, by: 1) {
            inner.bound[variable] = ComplexNumber(index)
            guard let term = inner.number(body) else { return nil }
            result = kind == .sum ? result + term : result * term
        }
        return result
    }

    private static func sum(_ a: Value, _ b: Value) -> Value? {
        switch (a, b) {
        case (.number(let x), .number(let y)): return .number(x + y)
        case (.matrix(let x), .matrix(let y)):
            guard x.map(\.count) == y.map(\.count) else { return nil }
            return .matrix(zip(x, y).map { zip($0, $1).map { $0 + $1 } })
        default: return nil
        }
    }

    private static func product(_ a: Value, _ b: Value) -> Value? {
        switch (a, b) {
        case (.number(let x), .number(let y)): return .number(x * y)
        case (.number(let x), .matrix(let rows)), (.matrix(let rows), .number(let x)):
            return .matrix(rows.map { $0.map { $0 * x } })
        case (.matrix(let x), .matrix(let y)):
            guard let width = x.first?.count, width == y.count, let columns = y.first?.count else {
                return nil
            }
            return .matrix(
                x.map { row in
                    (0..<columns).map { column in
                        row.indices.reduce(.zero) { $0 + row[$1] * y[$1][column] }
                    }
                })
        }
    }

    /// A number between 0.3 and 1.7 that depends on the name and the trial; below zero in half of
    /// the cases from the fourth trial on.
    private func drawn(_ name: String) -> Double {
        let bits = Self.mixed(name, seed: UInt64(trial))
        let size = 0.3 + 1.4 * Double(bits >> 12) / Double(UInt64(1) << 52)
        return trial >= 3 && bits & 1 == 1 ? -size : size
    }

    /// A smooth function of the values that depends on the name, so that rounding stays rounding.
    private func mixed(_ name: String, _ values: [ComplexNumber]) -> ComplexNumber {
        var result = ComplexNumber(drawn("()" + name))
        for (index, value) in values.enumerated() {
            let scale = ComplexNumber(drawn("\(name)·\(index)"))
            let wave = MathFunction.sine.value([value * scale + scale]) ?? .zero
            result = result * ComplexNumber(1.25) + wave * ComplexNumber(drawn("\(name)/\(index)"))
        }
        return result
    }

    /// FNV-1a over the name, then the finaliser of MurmurHash3.
    private static func mixed(_ name: String, seed: UInt64) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ (seed &* 0x9e37_79b9_7f4a_7c15)
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
