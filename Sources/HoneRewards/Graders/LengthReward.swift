import HoneCore

/// 1 while the completion's length is within a band, falling to 0 outside it.
///
/// Formula: with d the distance of the length to [minimum, maximum], the score is
/// max(0, 1 − d / margin); a margin of 0 makes the edges hard. Range [0, 1].
public struct LengthReward: RewardFunction {
    public let name: String
    public var options: Options

    public enum Unit: String, ConfigChoice {
        /// Unicode scalars, as Python's `len` counts.
        case characters
        /// Runs of anything but white space, as Python's `split()` counts.
        case words
    }

    public init(name: String = "length", _ options: Options) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        public var minimum = 0
        /// `nil` for no upper edge.
        public var maximum: Int?
        public var margin = 0
        public var unit: Unit = .characters

        public init() {}

        public static let defaults = Options()
        public static let summary = "1 within a band of lengths, falling to 0 outside it."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("min", \.minimum, "Shortest length that scores 1.", .atLeast(0)),
            .optional("max", \.maximum, "Longest length that scores 1.", .atLeast(0)),
            ConfigField(
                "margin", \.margin, "Distance from the band at which the score reaches 0.",
                .atLeast(0)),
            ConfigField("unit", \.unit, "What is counted: characters or words."),
        ]
        public static let checks: [ConfigCheck<Options>] = [
            ConfigCheck("max", "min") { options, _ in
                guard let maximum = options.maximum else {
                    return options.minimum == 0 ? "a length needs min, max or both" : nil
                }
                return maximum < options.minimum
                    ? "must be at least min (\(options.minimum)), is \(maximum)" : nil
            }
        ]

        public func function(name: String) -> any RewardFunction {
            LengthReward(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        request.completions.map { .value(score(ofLength: length(of: $0))) }
    }

    private func score(ofLength length: Int) -> Double {
        let excess = max(
            options.minimum - length, options.maximum.map { length - $0 } ?? 0, 0)
        if excess == 0 { return 1 }
        return options.margin == 0 ? 0 : max(0, 1 - Double(excess) / Double(options.margin))
    }

    private func length(of text: String) -> Int {
        switch options.unit {
        case .characters: text.unicodeScalars.count
        case .words: text.unicodeScalars.split(whereSeparator: PythonText.isSpace).count
        }
    }
}
