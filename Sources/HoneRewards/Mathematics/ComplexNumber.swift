import Foundation

/// A complex number, as expressions are evaluated in.
struct ComplexNumber: Sendable, Hashable {
    var real: Double
    var imaginary: Double

    init(_ real: Double, _ imaginary: Double = 0) {
        self.real = real
        self.imaginary = imaginary
    }

    static let zero = ComplexNumber(0)
    static let one = ComplexNumber(1)
    static let unit = ComplexNumber(0, 1)

    var magnitude: Double { hypot(real, imaginary) }
    var argument: Double { atan2(imaginary, real) }
    var isZero: Bool { real == 0 && imaginary == 0 }
    var isFinite: Bool { real.isFinite && imaginary.isFinite }
    /// Whether it lies on the real axis, but for rounding.
    var isReal: Bool { abs(imaginary) <= 1e-12 * max(1, abs(real)) }

    static func + (a: Self, b: Self) -> Self { Self(a.real + b.real, a.imaginary + b.imaginary) }
    static func - (a: Self, b: Self) -> Self { Self(a.real - b.real, a.imaginary - b.imaginary) }
    static prefix func - (a: Self) -> Self { Self(-a.real, -a.imaginary) }

    static func * (a: Self, b: Self) -> Self {
        // Reals stay reals, also when one is infinite.
        if a.imaginary == 0, b.imaginary == 0 { return Self(a.real * b.real) }
        return Self(
            a.real * b.real - a.imaginary * b.imaginary,
            a.real * b.imaginary + a.imaginary * b.real)
    }

    /// `nil` for a division by zero.
    func divided(by b: Self) -> Self? {
        if b.isZero { return nil }
        if imaginary == 0, b.imaginary == 0 { return Self(real / b.real) }
        let square = b.real * b.real + b.imaginary * b.imaginary
        return Self(
            (real * b.real + imaginary * b.imaginary) / square,
            (imaginary * b.real - real * b.imaginary) / square)
    }

    var exponential: Self {
        imaginary == 0
            ? Self(exp(real)) : Self(exp(real) * cos(imaginary), exp(real) * sin(imaginary))
    }

    /// The principal logarithm; `nil` for 0.
    var logarithm: Self? {
        if isZero { return nil }
        return imaginary == 0 && real > 0 ? Self(log(real)) : Self(log(magnitude), argument)
    }

    /// The principal power; `nil` for 0 to a power that is not positive, but 0⁰ = 1.
    func raised(to power: Self) -> Self? {
        if power.imaginary == 0, power.real == power.real.rounded(), abs(power.real) <= 1024 {
            return raised(to: Int(power.real))
        }
        if isZero { return power.real > 0 ? .zero : nil }
        if imaginary == 0, power.imaginary == 0, real > 0 { return Self(pow(real, power.real)) }
        return logarithm.map { ($0 * power).exponential }
    }

    private func raised(to power: Int) -> Self? {
        if imaginary == 0 {
            return real == 0 && power < 0 ? nil : Self(pow(real, Double(power)))
        }
        var result = Self.one
        for _ in 0..<abs(power) { result = result * self }
        return power < 0 ? Self.one.divided(by: result) : result
    }
}
