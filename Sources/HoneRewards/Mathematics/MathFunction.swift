import Foundation

/// A function with a value.
enum MathFunction: Sendable, Hashable {
    case sine, cosine, tangent, cotangent, secant, cosecant
    case arcSine, arcCosine, arcTangent
    case hyperbolicSine, hyperbolicCosine, hyperbolicTangent
    case naturalLogarithm, exponential
    /// Of two arguments: base and number.
    case logarithm
    /// Of two arguments: degree and number.
    case root
    case absolute, floor, ceiling
    /// Of two arguments: n over k.
    case binomial
    case realPart, imaginaryPart
    case minimum, maximum, greatestDivisor, leastMultiple

    /// The function of a LaTeX command or of a plain word.
    static let names: [String: MathFunction] = [
        "sin": .sine, "cos": .cosine, "tan": .tangent, "tg": .tangent, "cot": .cotangent,
        "ctg": .cotangent, "sec": .secant, "csc": .cosecant, "cosec": .cosecant,
        "arcsin": .arcSine, "arccos": .arcCosine, "arctan": .arcTangent, "arctg": .arcTangent,
        "asin": .arcSine, "acos": .arcCosine, "atan": .arcTangent,
        "sinh": .hyperbolicSine, "cosh": .hyperbolicCosine, "tanh": .hyperbolicTangent,
        "ln": .naturalLogarithm, "log": .logarithm, "lg": .logarithm, "exp": .exponential,
        "Re": .realPart, "Im": .imaginaryPart, "min": .minimum, "max": .maximum,
        "gcd": .greatestDivisor, "lcm": .leastMultiple,
    ]

    /// The inverse that `f^{-1}` means.
    var inverse: MathFunction? {
        switch self {
        case .sine: .arcSine
        case .cosine: .arcCosine
        case .tangent: .arcTangent
        default: nil
        }
    }

    /// The value at `arguments`; `nil` where there is none.
    func value(_ arguments: [ComplexNumber]) -> ComplexNumber? {
        guard let x = arguments.last else { return nil }
        let first = arguments[0]
        switch self {
        case .sine: return Self.sine(x)
        case .cosine: return Self.cosine(x)
        case .tangent: return Self.sine(x).divided(by: Self.cosine(x))
        case .cotangent: return Self.cosine(x).divided(by: Self.sine(x))
        case .secant: return ComplexNumber.one.divided(by: Self.cosine(x))
        case .cosecant: return ComplexNumber.one.divided(by: Self.sine(x))
        case .arcSine: return Self.real(x) { abs($0) <= 1 ? asin($0) : nil }
        case .arcCosine: return Self.real(x) { abs($0) <= 1 ? acos($0) : nil }
        case .arcTangent: return Self.real(x) { atan($0) }
        case .hyperbolicSine: return Self.real(x) { sinh($0) }
        case .hyperbolicCosine: return Self.real(x) { cosh($0) }
        case .hyperbolicTangent: return Self.real(x) { tanh($0) }
        case .naturalLogarithm: return x.logarithm
        case .exponential: return x.exponential
        case .logarithm:
            let base = arguments.count == 2 ? first : ComplexNumber(10)
            guard let number = x.logarithm, let scale = base.logarithm else { return nil }
            return number.divided(by: scale)
        case .root:
            guard let power = ComplexNumber.one.divided(by: first) else { return nil }
            // The root of a perfect square or cube is exact.
            if x.isReal, x.real >= 0, first == ComplexNumber(2) {
                return ComplexNumber(x.real.squareRoot())
            }
            return x.raised(to: power)
        case .absolute: return ComplexNumber(x.magnitude)
        case .floor: return Self.real(x) { $0.rounded(.down) }
        case .ceiling: return Self.real(x) { $0.rounded(.up) }
        case .binomial: return arguments.count == 2 ? Self.binomial(first, x) : nil
        case .realPart: return ComplexNumber(x.real)
        case .imaginaryPart: return ComplexNumber(x.imaginary)
        case .minimum: return ComplexNumber(arguments.map(\.real).min() ?? x.real)
        case .maximum: return ComplexNumber(arguments.map(\.real).max() ?? x.real)
        case .greatestDivisor: return Self.folded(arguments, Self.greatestDivisor)
        case .leastMultiple:
            return Self.folded(arguments) { a, b in
                let divisor = Self.greatestDivisor(a, b)
                return divisor == 0 ? 0 : a / divisor * b
            }
        }
    }

    private static func real(
        _ x: ComplexNumber, _ body: (Double) -> Double?
    ) -> ComplexNumber? {
        x.isReal ? body(x.real).map { ComplexNumber($0) } : nil
    }

    private static func sine(_ x: ComplexNumber) -> ComplexNumber {
        x.imaginary == 0
            ? ComplexNumber(sin(x.real))
            : ComplexNumber(
                sin(x.real) * cosh(x.imaginary), cos(x.real) * sinh(x.imaginary))
    }

    private static func cosine(_ x: ComplexNumber) -> ComplexNumber {
        x.imaginary == 0
            ? ComplexNumber(cos(x.real))
            : ComplexNumber(
                cos(x.real) * cosh(x.imaginary), -sin(x.real) * sinh(x.imaginary))
    }

    /// Γ(n + 1) / (Γ(k + 1) Γ(n − k + 1)).
    private static func binomial(_ n: ComplexNumber, _ k: ComplexNumber) -> ComplexNumber? {
        guard n.isReal, k.isReal else { return nil }
        let value = exp(
            lgamma(n.real + 1) - lgamma(k.real + 1) - lgamma(n.real - k.real + 1))
        let isWhole = n.real == n.real.rounded() && k.real == k.real.rounded()
        return ComplexNumber(isWhole && value < 1e15 ? value.rounded() : value)
    }

    private static func greatestDivisor(_ a: Double, _ b: Double) -> Double {
        b == 0 ? abs(a) : greatestDivisor(b, a.truncatingRemainder(dividingBy: b))
    }

    private static func folded(
        _ arguments: [ComplexNumber], _ combine: (Double, Double) -> Double
    ) -> ComplexNumber? {
        let numbers = arguments.map(\.real)
        // An infinite one has no divisors, and Euclid would look for them for ever.
        guard arguments.allSatisfy(\.isReal),
            numbers.allSatisfy({ $0.isFinite && $0 == $0.rounded() })
        else { return nil }
        return numbers.dropFirst().reduce(numbers.first) { combine($0 ?? 0, $1) }
            .map { ComplexNumber($0) }
    }
}
