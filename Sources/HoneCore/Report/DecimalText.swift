import Foundation

extension Double {
    /// In plain digits, with a point in any locale and at most `digits` digits behind it: `0.25`, `3`.
    public func decimalText(digits: Int) -> String {
        formatted(
            .number.precision(.fractionLength(0...digits)).grouping(.never)
                .locale(Locale(identifier: "en_US_POSIX")))
    }
}
