/// Finds numbers and sums like `1/2 + 3` that stand in a text without LaTeX.
struct PlainMathematics {
    /// A number or sum at a place.
    struct Match: Sendable, Hashable {
        /// With the white space or sign of equality before it.
        var range: Range<Int>
        var text: String
        var isPercent: Bool
    }

    private static let number =
        "(?<!\\d)(?<number>-?[1-9]\\d{0,2}(?:[ ,]\\d{3})+(?:\\.\\d+)?|-?\\d+[.,]\\d+|\\.\\d+|-?\\d+)"
        + "(?<percent>\\s*(?:%|[Pp]ercentage|[Pp]ercent|[Pp]ct))?"
    private static let characters = "[\\d.\\s+\\-*×/^()÷]"
    // At most 200 characters: what is longer would be searched in the square of its length.
    private static let sum =
        "(?<sum>-?\\(?-?\\d\(characters){0,100}[+\\-*×/^()÷]\(characters){1,100}\\)?)"
    private static let before = "(?:^|[\\s=])(?:\\*\\*)?"
    private static let after = "(?:\\*\\*)?(?:[.,:\\s)$]|$)"
    private static let currency = "[$€£¥₹₽₪₩₫฿₡₦₱₴₺₿]?"

    /// In the order in which they are tried where both could stand.
    static let patterns = [
        RewardPattern.own(before + sum + after), RewardPattern.own(before + currency + number),
    ]

    /// All matches of both patterns.
    static func matches(in text: [UInt8]) -> [Match] {
        patterns.enumerated().flatMap { index, pattern in
            (pattern.matches(in: text) ?? []).compactMap { match(of: $0, index, in: text) }
        }
    }

    /// The match that begins at `start`.
    static func match(at start: Int, in text: [UInt8]) -> Match? {
        for (index, pattern) in patterns.enumerated() {
            if let captures = pattern.match(at: start, in: text) {
                return match(of: captures, index, in: text)
            }
        }
        return nil
    }

    private static func match(
        of captures: RewardPattern.Captures, _ pattern: Int, in text: [UInt8]
    ) -> Match? {
        guard let whole = captures[0], let inside = captures[1] else { return nil }
        let found = String(decoding: text[inside], as: UTF8.self)
        return Match(
            range: whole,
            text: pattern == 0 ? found : normalised(found),
            isPercent: captures.count > 2 && captures[2] != nil)
    }

    /// `1 000` and `1,000` are a thousand; `1,22` is a decimal.
    private static func normalised(_ number: String) -> String {
        let parts = number.split(whereSeparator: { $0 == "," || $0 == " " })
        let isGrouped =
            parts.count > 1 && !number.hasPrefix("0")
            && parts.dropFirst().allSatisfy { $0.prefix { $0 != "." }.count == 3 }
        return isGrouped
            ? parts.joined() : number.replacing(",", with: ".").replacing(" ", with: "")
    }
}
