import Foundation

/// Numbers as people read them in a terminal.
enum Figure {
    /// Three significant digits without needless zeros: `0.612`, `62.1`, `8.5e-05`.
    static func plain(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        if value == 0 { return "0" }
        let size = abs(value)
        if size < 0.001 || size >= 1e6 { return String(format: "%.1e", value) }
        let digits = size >= 100 ? 0 : size >= 10 ? 1 : 3
        return String(format: "%.\(digits)f", value)
    }

    /// ``plain(_:)``, or a dash where nothing was measured: no value, or one that is no number.
    static func measured(_ value: Double?) -> String {
        guard let value, !value.isNaN else { return "–" }
        return plain(value)
    }

    /// With a letter for thousands and millions: `8.1k`, `1.2M`.
    static func short(_ value: Double) -> String {
        switch value {
        case 1e6...: String(format: "%.1fM", value / 1e6)
        case 1e3...: String(format: "%.1fk", value / 1e3)
        default: String(format: "%.0f", value)
        }
    }

    static func bytes(_ value: Double) -> String {
        value >= 1e9
            ? String(format: "%.1f GB", value / 1e9) : String(format: "%.0f MB", value / 1e6)
    }

    /// `42 s`, `3:07`, `1:02:09`.
    static func clock(_ seconds: Double) -> String {
        let total = Int(seconds.rounded())
        if total < 60 { return "\(total) s" }
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        return hours > 0
            ? String(format: "%d:%02d:%02d", hours, minutes, rest)
            : String(format: "%d:%02d", minutes, rest)
    }

    /// A moment to the minute, in the machine's time zone: `2026-01-02 03:04`.
    static let minute = Date.VerbatimFormatStyle(
        format:
            "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)",
        timeZone: .current, calendar: .init(identifier: .iso8601))

    /// A curve of block characters, at most `width` wide; neighbours are averaged. It reaches from the least
    /// value to the most, or over `range`, so that curves can stand beside each other.
    static func sparkline(
        _ values: [Double], width: Int, over range: ClosedRange<Double>? = nil
    ) -> String {
        let finite = values.filter(\.isFinite)
        guard let low = range?.lowerBound ?? finite.min(),
            let high = range?.upperBound ?? finite.max(), !finite.isEmpty
        else { return "" }
        let columns = min(width, finite.count)
        let blocks = Array("▁▂▃▄▅▆▇█")
        return String(
            (0..<columns).map { column in
                let from = column * finite.count / columns
                let to = max(from + 1, (column + 1) * finite.count / columns)
                let mean = finite[from..<to].reduce(0, +) / Double(to - from)
                let share = high > low ? (mean - low) / (high - low) : 0.5
                return blocks[min(blocks.count - 1, Int(share * Double(blocks.count)))]
            })
    }

    static func cut(_ line: String, to width: Int) -> String {
        line.count <= width ? line : String(line.prefix(max(width - 1, 0))) + "…"
    }
}
