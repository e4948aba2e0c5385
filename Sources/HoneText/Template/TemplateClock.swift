import Foundation

/// What time a template is told it is.
public struct TemplateClock: Sendable {
    public var now: @Sendable () -> Date
    public var timeZone: TimeZone

    public init(timeZone: TimeZone, now: @escaping @Sendable () -> Date) {
        self.now = now
        self.timeZone = timeZone
    }

    /// The machine's time in its own zone.
    public static var system: TemplateClock {
        TemplateClock(timeZone: .current) { Date() }
    }

    /// Always the same time, for text that must not change from day to day.
    public static func fixed(_ date: Date, timeZone: TimeZone = .gmt) -> TemplateClock {
        TemplateClock(timeZone: timeZone) { date }
    }

    /// The time by a format of C's `strftime`, in English, as Python's `datetime.now().strftime`
    /// gives it: without a zone, `%z` and `%Z` are empty, and `%f` is microseconds.
    func text(_ format: String) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        let date = now()
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .weekday, .dayOfYear, .nanosecond],
            from: date)
        var time = tm()
        time.tm_year = Int32((parts.year ?? 1900) - 1900)
        time.tm_mon = Int32((parts.month ?? 1) - 1)
        time.tm_mday = Int32(parts.day ?? 1)
        time.tm_hour = Int32(parts.hour ?? 0)
        time.tm_min = Int32(parts.minute ?? 0)
        time.tm_sec = Int32(parts.second ?? 0)
        time.tm_wday = Int32((parts.weekday ?? 1) - 1)
        time.tm_yday = Int32((parts.dayOfYear ?? 1) - 1)
        time.tm_isdst = -1
        let microseconds = String((parts.nanosecond ?? 0) / 1000)
        let padded = String(repeating: "0", count: max(0, 6 - microseconds.count)) + microseconds
        return Self.format(Self.withoutZone(format, microseconds: padded), &time)
    }

    /// `format` with what C does not know, or would answer with this machine's zone, filled in.
    private static func withoutZone(_ format: String, microseconds: String) -> String {
        var output = ""
        var rest = Substring(format)
        while let mark = rest.firstIndex(of: "%") {
            output += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            guard let letter = rest.popFirst() else {
                output += "%"
                break
            }
            switch letter {
            case "z", "Z": break
            case "f": output += microseconds
            default: output += "%\(letter)"
            }
        }
        return output + rest
    }

    private static func format(_ format: String, _ time: inout tm) -> String {
        guard !format.isEmpty else { return "" }
        var size = max(256, format.utf8.count * 4)
        // Nothing written can mean too little room, or a format that gives nothing (`%p` in some
        // places); it is tried with ever more room, and not for ever.
        while size <= 1 << 20 {
            var buffer = [CChar](repeating: 0, count: size)
            let length = strftime(&buffer, size, format, &time)
            if length > 0 {
                return String(
                    decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
            size *= 8
        }
        return ""
    }
}
