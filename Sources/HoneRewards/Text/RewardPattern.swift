import Foundation
import HoneCore

/// A regular expression of a recipe, in PCRE2's dialect (Perl's; close to Python's `re`).
///
/// A match that needs more than ten million steps from one place or 64 MiB is given up, and so is a text
/// whose matches take longer than five seconds, so that a hostile text cannot stop a run.
public struct RewardPattern: Sendable {
    private let expression: RegularExpression

    public var source: String { expression.source }
    /// How many groups can be captured.
    public var groups: Int { expression.groupCount }

    /// Bytes in which a match is looked for before the time is looked at.
    private static let stretch = 64
    /// Of processor time for the matches in one text: what others compute meanwhile does not count.
    private static let longestSeconds = 5.0

    /// - Throws: `RegularExpression.CompileError`.
    public init(_ source: String) throws(RegularExpression.CompileError) {
        expression = try RegularExpression(source, .interpreted)
    }

    /// What one match captured: the whole at 0, groups from 1; `nil` for a group that took no part.
    public typealias Captures = [Range<Int>?]

    /// A pattern that the program itself brings.
    static func own(_ source: String) -> RewardPattern {
        do {
            return try RewardPattern(source)
        } catch {
            preconditionFailure("\(source): \(error.message)")
        }
    }

    /// Whether and where it matches under a condition: all matches anywhere, or the one at the start or of
    /// the whole.
    /// - Returns: `nil` if a match was given up.
    func matches(in text: [UInt8], _ place: RegularExpression.Place) -> [Captures]? {
        if place == .anywhere { return matches(in: text) }
        switch match(in: text, from: 0, place, scratch()) {
        case .found(let captures): return [captures]
        case .none: return []
        case .givenUp: return nil
        }
    }

    /// All matches in `text` (UTF-8) from left to right without overlap.
    /// - Returns: `nil` if a match was given up.
    public func matches(in text: [UInt8]) -> [Captures]? {
        let scratch = scratch()
        let begun = Self.processorSeconds()
        var found: [Captures] = []
        var start = 0
        while start <= text.count {
            switch firstMatch(in: text, from: start, scratch, begun) {
            case .none: return found
            case .givenUp: return nil
            case .found(let captures):
                found.append(captures)
                let whole = captures[0] ?? start..<start
                if whole.isEmpty {
                    start = whole.upperBound + 1
                    while start < text.count, text[start] & 0xC0 == 0x80 { start += 1 }
                } else {
                    start = whole.upperBound
                }
            }
        }
        return found
    }

    /// The match that begins at `start`; `nil` also if it was given up.
    func match(at start: Int, in text: [UInt8]) -> Captures? {
        guard case .found(let captures) = match(in: text, from: start, .start, scratch())
        else { return nil }
        return captures
    }

    private enum Outcome {
        case found(Captures)
        case none
        case givenUp
    }

    private func scratch() -> MatchScratch {
        MatchScratch(
            groupCount: groups, MatchScratch.Bounds(steps: 10_000_000, heap: 64 << 10))
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The first match that begins at `start` or behind it. PCRE2 counts its steps anew from each place,
    /// so a long text is gone through in stretches.
    private func firstMatch(
        in text: [UInt8], from start: Int, _ scratch: MatchScratch, _ begun: Double
    ) -> Outcome {
        var place = start
        while true {
            var end = min(place + Self.stretch, text.count)
            while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
            scratch.limitStart(to: end)
            let outcome = match(in: text, from: place, .anywhere, scratch)
            guard case .none = outcome, end < text.count else { return outcome }
            if Self.processorSeconds() - begun > Self.longestSeconds { return .givenUp }
            place = end
        }
    }

    private func match(
        in text: [UInt8], from start: Int, _ place: RegularExpression.Place,
        _ scratch: MatchScratch
    ) -> Outcome {
        do throws(RegularExpression.MatchFailure) {
            let whole = try text.withUnsafeBufferPointer {
                (text) throws(RegularExpression.MatchFailure) in
                try expression.match(in: text, from: start, place, scratch)
            }
            return whole == nil ? .none : .found(scratch.captures)
        } catch {
            return .givenUp
        }
    }
}

extension RewardPattern: Hashable {
    public static func == (left: RewardPattern, right: RewardPattern) -> Bool {
        left.source == right.source
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
