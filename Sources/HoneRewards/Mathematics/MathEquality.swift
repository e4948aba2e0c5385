/// Whether texts say the same mathematically as a reference does.
///
/// Read: integers and decimals of any length, separators of thousands, fractions and mixed numbers,
/// percent, currency, units; LaTeX with fractions, roots, powers, factorials, functions, ±, sums and
/// products, symbols with indices, matrices; sets, tuples, intervals and their unions; equations and
/// inequalities. A number written as a decimal is compared to six places, everything else exactly but for
/// rounding in the ninth digit. What would take more than four million steps to compare is not equal.
///
/// Source: Math-Verify 0.9, whose published cases `Tools/fixtures/mathematics.py` records. Differences
/// are listed in Docs/Rewards.md.
public struct MathEquality: Sendable {
    private let reference: MathExtraction.Reading
    private let targets: MathExtraction.Targets
    private let rules: MathComparison.Rules

    /// - Parameter reference: the right answer, with LaTeX or without.
    public init(reference: String) {
        self.init(reference: reference, targets: .all, MathComparison.Rules())
    }

    init(
        reference: String, targets: MathExtraction.Targets, _ rules: MathComparison.Rules
    ) {
        self.reference = MathExtraction(reference, targets: targets).reading()
        self.targets = targets
        self.rules = rules
    }

    /// Whether `answer`, which may hold a whole solution, says the same as the reference.
    public func holds(for answer: String) -> Bool {
        let found = MathExtraction(answer, targets: targets).reading()
        if let text = found.text, !text.isEmpty, text == reference.text { return true }
        let comparison = MathComparison(rules: rules)
        return reference.values.contains { gold in
            found.values.contains { comparison.equal(gold, $0) }
        }
    }
}
