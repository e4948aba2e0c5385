/// How much one comparison may still compute.
///
/// A short text can ask for an endless computation (a series of series) or for as many comparisons as two
/// long lists have pairs. When the effort is spent, nothing more has a value, and the texts differ.
final class MathEffort {
    private var left: Int

    /// Parts of expressions that are evaluated in one comparison.
    static let most = 4_000_000

    init(_ most: Int = MathEffort.most) { left = most }

    /// Whether `amount` more may be computed.
    func spend(_ amount: Int = 1) -> Bool {
        left -= amount
        return left >= 0
    }
}
