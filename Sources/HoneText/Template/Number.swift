import Foundation

/// A number as Python computes with it: integers stay integers, and `True` counts as 1.
enum Number {
    case int(Int)
    case double(Double)

    init?(_ value: TemplateValue) {
        switch value {
        case .bool(let value): self = .int(value ? 1 : 0)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        default: return nil
        }
    }

    var value: TemplateValue {
        switch self {
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        }
    }

    var double: Double {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        }
    }

    /// This number with a whole float turned into the integer it equals.
    var asInteger: Number {
        if case .double(let value) = self, let integer = Int(exactly: value) {
            return .int(integer)
        }
        return self
    }

    func isEqual(to other: Number) -> Bool {
        switch (asInteger, other.asInteger) {
        case (.int(let left), .int(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        default: false
        }
    }

    /// Negative, zero or positive; `nil` beside a not-a-number.
    func order(to other: Number) -> Int? {
        if case .int(let left) = asInteger, case .int(let right) = other.asInteger {
            return left < right ? -1 : left == right ? 0 : 1
        }
        let (left, right) = (double, other.double)
        if left.isNaN || right.isNaN { return nil }
        return left < right ? -1 : left == right ? 0 : 1
    }

    /// Applies one of Python's arithmetic operators.
    /// - Throws: division by zero, and an overflow beyond 64 bits (Python's integers have no end).
    static func apply(
        _ operation: BinaryOperator, _ left: Number, _ right: Number
    ) throws(TemplateError) -> TemplateValue {
        if case .int(let left) = left, case .int(let right) = right {
            return try integers(operation, left, right)
        }
        return .double(try doubles(operation, left.double, right.double))
    }

    private static func integers(
        _ operation: BinaryOperator, _ left: Int, _ right: Int
    ) throws(TemplateError) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide:
            guard right != 0 else { throw TemplateError(.zeroDivision, "division by zero") }
            return .double(Double(left) / Double(right))
        case .floorDivide:
            guard right != 0 else {
                throw TemplateError(.zeroDivision, "integer division or modulo by zero")
            }
            let quotient = left.dividedReportingOverflow(by: right)
            let isBelow = !quotient.overflow && left % right != 0 && (left < 0) != (right < 0)
            result = isBelow ? (quotient.partialValue - 1, false) : quotient
        case .modulo:
            guard right != 0 else {
                throw TemplateError(.zeroDivision, "integer modulo by zero")
            }
            if right == -1 { return .int(0) }
            let remainder = left % right
            result = (
                remainder != 0 && (left < 0) != (right < 0) ? remainder + right : remainder, false
            )
        case .power:
            guard right >= 0 else {
                return .double(try doubles(.power, Double(left), Double(right)))
            }
            result = power(left, right)
        }
        guard !result.overflow else {
            throw TemplateError(.overflow, "an integer beyond 64 bits")
        }
        return .int(result.partialValue)
    }

    private static func power(_ base: Int, _ exponent: Int) -> (Int, Bool) {
        var (result, factor, remaining) = (1, base, exponent)
        while remaining > 0 {
            if remaining & 1 == 1 {
                let product = result.multipliedReportingOverflow(by: factor)
                if product.overflow { return (0, true) }
                result = product.partialValue
            }
            remaining >>= 1
            guard remaining > 0 else { break }
            let square = factor.multipliedReportingOverflow(by: factor)
            if square.overflow { return (0, true) }
            factor = square.partialValue
        }
        return (result, false)
    }

    private static func doubles(
        _ operation: BinaryOperator, _ left: Double, _ right: Double
    ) throws(TemplateError) -> Double {
        switch operation {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide:
            guard right != 0 else { throw TemplateError(.zeroDivision, "float division by zero") }
            return left / right
        case .floorDivide, .modulo:
            guard right != 0 else {
                throw TemplateError(
                    .zeroDivision,
                    operation == .modulo ? "float modulo" : "float floor division by zero")
            }
            // As Python does it: the remainder has the sign of the divisor, and the quotient is
            // what is left when the remainder is taken off.
            var remainder = fmod(left, right)
            var quotient = (left - remainder) / right
            if remainder != 0 {
                if (right < 0) != (remainder < 0) {
                    remainder += right
                    quotient -= 1
                }
            } else {
                remainder = right.sign == .minus ? -0.0 : 0.0
            }
            if operation == .modulo { return remainder }
            guard quotient != 0 else { return (left / right).sign == .minus ? -0.0 : 0.0 }
            let floored = quotient.rounded(.down)
            return quotient - floored > 0.5 ? floored + 1 : floored
        case .power:
            if left == 0, right < 0 {
                throw TemplateError(
                    .zeroDivision, "0.0 cannot be raised to a negative power")
            }
            if left < 0, right != right.rounded(), right.isFinite {
                throw TemplateError(.unsupported, "complex numbers")
            }
            let result = pow(left, right)
            if result.isInfinite, left.isFinite, right.isFinite {
                throw TemplateError(.overflow, "(34, 'Numerical result out of range')")
            }
            return result
        }
    }
}
