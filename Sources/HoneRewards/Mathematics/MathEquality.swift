/// Whether two texts say the same number.
struct MathEquality {
    private let reference: String

    init(reference: String) { self.reference = reference }

    func holds(for answer: String) -> Bool {
        if PythonText.strip(reference) == PythonText.strip(answer) { return true }
        guard let expected = number(in: reference), let found = number(in: answer) else {
            return false
        }
        return abs(expected - found) <= 1e-9 * max(1, abs(expected))
    }

    /// The number a text is, boxes or ends with.
    private func number(in text: String) -> Double? {
        WrittenNumber.value(of: text)
            ?? BoxedText.contents(in: text).last.flatMap { WrittenNumber.value(of: $0) }
            ?? WrittenNumber.last(in: text).flatMap { WrittenNumber.value(of: $0) }
    }
}
