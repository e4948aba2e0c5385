import HoneCore

/// 1 while the completion's length is within a band, falling to 0 outside it.
///
/// Formula: with d the distance of the length to [minimum, maximum], the score is
/// max(0, 1 − d / margin); a margin of 0 makes the edges hard. Range [0, 1].
public struct LengthReward: RewardFunction {
    public let name: String
    public var minimum: Int
    /// `nil` for no upper edge.
    public var maximum: Int?
    public var margin: Int
    public var unit: Unit

    public enum Unit: String, Sendable, Hashable, CaseIterable {
        /// Unicode scalars, as Python's `len` counts.
        case characters
        /// Runs of anything but white space, as Python's `split()` counts.
        case words
    }

    public init(
        name: String = "length", minimum: Int = 0, maximum: Int?, margin: Int = 0,
        unit: Unit = .characters
    ) {
        self.name = name
        self.minimum = minimum
        self.maximum = maximum
        self.margin = margin
        self.unit = unit
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { .value(score(ofLength: length(of: $0))) }
    }

    private func score(ofLength length: Int) -> Double {
        let excess = max(minimum - length, maximum.map { length - $0 } ?? 0, 0)
        if excess == 0 { return 1 }
        return margin == 0 ? 0 : max(0, 1 - Double(excess) / Double(margin))
    }

    private func length(of text: String) -> Int {
        switch unit {
        case .characters: text.unicodeScalars.count
        case .words: text.unicodeScalars.split(whereSeparator: PythonText.isSpace).count
        }
    }
}
