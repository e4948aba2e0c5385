/// A fraction in lowest terms with a positive denominator.
///
/// Numerator and denominator have 128 bits: the value of any expression over four numbers below
/// 10⁹ fits. Operations return `nil` where it does not.
public struct Rational: Sendable, Hashable {
    public let numerator: Int128
    public let denominator: Int128

    public init(_ value: Int) {
        numerator = Int128(value)
        denominator = 1
    }

    /// `numerator / denominator`, or `nil` for a denominator of zero or a value that cannot be held.
    public init?(_ numerator: Int128, _ denominator: Int128) {
        guard denominator != 0, numerator != .min, denominator != .min else { return nil }
        let divisor = Self.greatestCommonDivisor(abs(numerator), abs(denominator))
        let sign: Int128 = denominator < 0 ? -1 : 1
        self.numerator = sign * numerator / divisor
        self.denominator = sign * denominator / divisor
    }

    /// The value of a decimal literal, as `12`, `1.5`, `.5` or `5.`: digits and at most one point.
    public init?(decimal text: some StringProtocol) {
        var numerator: Int128 = 0
        var denominator: Int128 = 1
        var seenPoint = false
        var digits = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            digits += 1
            let shifted = numerator.multipliedReportingOverflow(by: 10)
            let sum = shifted.partialValue.addingReportingOverflow(Int128(byte - 0x30))
            guard !shifted.overflow, !sum.overflow else { return nil }
            numerator = sum.partialValue
            if seenPoint {
                let scaled = denominator.multipliedReportingOverflow(by: 10)
                guard !scaled.overflow else { return nil }
                denominator = scaled.partialValue
            }
        }
        guard digits > 0 else { return nil }
        self.init(numerator, denominator)
    }

    public var negated: Rational? { Rational(-numerator, denominator) }

    public func adding(_ other: Rational) -> Rational? {
        let left = numerator.multipliedReportingOverflow(by: other.denominator)
        let right = other.numerator.multipliedReportingOverflow(by: denominator)
        let sum = left.partialValue.addingReportingOverflow(right.partialValue)
        let bottom = denominator.multipliedReportingOverflow(by: other.denominator)
        guard !left.overflow, !right.overflow, !sum.overflow, !bottom.overflow else { return nil }
        return Rational(sum.partialValue, bottom.partialValue)
    }

    public func subtracting(_ other: Rational) -> Rational? { other.negated.flatMap(adding) }

    public func multiplied(by other: Rational) -> Rational? {
        let top = numerator.multipliedReportingOverflow(by: other.numerator)
        let bottom = denominator.multipliedReportingOverflow(by: other.denominator)
        guard !top.overflow, !bottom.overflow else { return nil }
        return Rational(top.partialValue, bottom.partialValue)
    }

    /// `nil` also for a divisor of zero.
    public func divided(by other: Rational) -> Rational? {
        Rational(other.denominator, other.numerator).flatMap(multiplied)
    }

    private static func greatestCommonDivisor(_ left: Int128, _ right: Int128) -> Int128 {
        var (a, b) = (left, right)
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }
}
