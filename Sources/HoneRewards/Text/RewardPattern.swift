import CPCRE2
import Foundation
import HoneCore

/// A regular expression of a recipe, in PCRE2's dialect (Perl's; close to Python's `re`).
///
/// A match that needs more than ten million steps from one place or 64 MiB is given up, and so is a text
/// whose matches take longer than five seconds, so that a hostile text cannot stop a run.
public final class RewardPattern: @unchecked Sendable {
    // Unchecked: the compiled code is written by `init` only; PCRE2 lets threads share it.
    private let code: OpaquePointer
    public let source: String
    /// How many groups can be captured.
    public let groups: Int

    /// Steps of one match.
    private static let stepLimit: UInt32 = 10_000_000
    /// KiB that one match may take beside the stack.
    private static let heapLimit: UInt32 = 64 << 10
    /// Bytes in which a match is looked for before the time is looked at.
    private static let stretch = 64
    /// Of processor time for the matches in one text: what others compute meanwhile does not count.
    private static let longestSeconds = 5.0

    /// Why a pattern was not compiled, in PCRE2's words, with the place in bytes.
    public struct CompileError: Error, Sendable, Hashable {
        public var message: String
        public var offset: Int
    }

    public init(_ source: String) throws(CompileError) {
        var number: Int32 = 0
        var offset = 0
        let bytes = Array(source.utf8)
        let options =
            UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
            | UInt32(PCRE2_USE_OFFSET_LIMIT)
        let compiled = bytes.withUnsafeBufferPointer {
            pcre2_compile_8($0.baseAddress, $0.count, options, &number, &offset, nil)
        }
        guard let compiled else {
            throw CompileError(message: Self.message(number), offset: offset)
        }
        code = compiled
        self.source = source
        var count: UInt32 = 0
        pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &count)
        groups = Int(count)
    }

    deinit { pcre2_code_free_8(code) }

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
    func matches(in text: [UInt8], _ place: Place) -> [Captures]? {
        let options: UInt32
        switch place {
        case .anywhere: return matches(in: text)
        case .start: options = UInt32(PCRE2_ANCHORED)
        case .whole: options = UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED)
        }
        switch Scratch(code).match(text, from: 0, options, groups) {
        case .found(let captures): return [captures]
        case .none: return []
        case .givenUp: return nil
        }
    }

    /// All matches in `text` (UTF-8) from left to right without overlap.
    /// - Returns: `nil` if a match was given up.
    public func matches(in text: [UInt8]) -> [Captures]? {
        let scratch = Scratch(code)
        var found: [Captures] = []
        var start = 0
        while start <= text.count {
            switch scratch.match(text, from: start, 0, groups) {
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

    /// Where a match has to stand.
    public enum Place: String, ConfigChoice {
        case anywhere, start, whole
    }

    /// The match that begins at `start`; `nil` also if it was given up.
    func match(at start: Int, in text: [UInt8]) -> Captures? {
        let options = UInt32(PCRE2_ANCHORED)
        guard case .found(let captures) = Scratch(code).match(text, from: start, options, groups)
        else { return nil }
        return captures
    }

    private enum Outcome {
        case found(Captures)
        case none
        case givenUp
    }

    /// What PCRE2 needs beside the code: one match at a time.
    private final class Scratch {
        private let code: OpaquePointer
        private let data: OpaquePointer
        private let context: OpaquePointer
        private let begun: Double

        init(_ code: OpaquePointer) {
            self.code = code
            // PCRE2 gives nil only when memory is exhausted.
            data = pcre2_match_data_create_from_pattern_8(code, nil)!
            context = pcre2_match_context_create_8(nil)!
            pcre2_set_match_limit_8(context, RewardPattern.stepLimit)
            pcre2_set_heap_limit_8(context, RewardPattern.heapLimit)
            begun = Self.processorSeconds()
        }

        private static func processorSeconds() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }

        deinit {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }

        /// The first match that begins at `start` or behind it. PCRE2 counts its steps anew from each place,
        /// so a long text is gone through in stretches.
        func match(
            _ text: [UInt8], from start: Int, _ options: UInt32, _ groups: Int
        ) -> Outcome {
            guard options & UInt32(PCRE2_ANCHORED) == 0 else {
                return attempt(text, from: start, to: start, options, groups)
            }
            var place = start
            while true {
                var end = min(place + RewardPattern.stretch, text.count)
                while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
                let outcome = attempt(text, from: place, to: end, options, groups)
                guard case .none = outcome, end < text.count else { return outcome }
                if Self.processorSeconds() - begun > RewardPattern.longestSeconds {
                    return .givenUp
                }
                place = end
            }
        }

        /// The first match that begins between `start` and `end`.
        private func attempt(
            _ text: [UInt8], from start: Int, to end: Int, _ options: UInt32, _ groups: Int
        ) -> Outcome {
            pcre2_set_offset_limit_8(context, end)
            let result = text.withUnsafeBufferPointer {
                pcre2_match_8(
                    code, $0.baseAddress, text.count, start,
                    UInt32(PCRE2_NO_UTF_CHECK) | options, data, context)
            }
            if result == PCRE2_ERROR_NOMATCH { return .none }
            guard result > 0 else { return .givenUp }
            let offsets = pcre2_get_ovector_pointer_8(data)!
            return .found(
                (0...groups).map { group in
                    let lower = offsets[2 * group]
                    // PCRE2_UNSET is the largest size.
                    return group < Int(result) && lower <= text.count
                        ? lower..<offsets[2 * group + 1] : nil
                })
        }
    }

    private static func message(_ number: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(max(length, 0))), as: UTF8.self)
    }
}

extension RewardPattern: Hashable {
    public static func == (left: RewardPattern, right: RewardPattern) -> Bool {
        left.source == right.source
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
