import CPCRE2
import HoneCore

/// A regular expression of a recipe, in PCRE2's dialect (Perl's; close to Python's `re`).
///
/// A match that needs more than ten million steps is given up, so that a hostile text cannot stop a
/// run.
public final class RewardPattern: @unchecked Sendable {
    // Unchecked: the compiled code is written by `init` only; PCRE2 lets threads share it.
    private let code: OpaquePointer
    public let source: String
    /// How many groups can be captured.
    public let groups: Int

    /// Steps of one match.
    private static let stepLimit: UInt32 = 10_000_000

    /// Why a pattern was not compiled, in PCRE2's words, with the place in bytes.
    public struct CompileError: Error, Sendable, Hashable {
        public var message: String
        public var offset: Int
    }

    public init(_ source: String) throws(CompileError) {
        var number: Int32 = 0
        var offset = 0
        let bytes = Array(source.utf8)
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
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

    /// All matches in `text` (UTF-8) from left to right without overlap.
    /// - Returns: `nil` if a match was given up.
    public func matches(in text: [UInt8]) -> [Captures]? {
        // PCRE2 gives nil only when memory is exhausted.
        let data = pcre2_match_data_create_from_pattern_8(code, nil)!
        let context = pcre2_match_context_create_8(nil)!
        defer {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }
        pcre2_set_match_limit_8(context, Self.stepLimit)
        var found: [Captures] = []
        var start = 0
        while start <= text.count {
            let result = text.withUnsafeBufferPointer {
                pcre2_match_8(
                    code, $0.baseAddress, text.count, start, UInt32(PCRE2_NO_UTF_CHECK), data,
                    context)
            }
            if result == PCRE2_ERROR_NOMATCH { return found }
            guard result > 0 else { return nil }
            let offsets = pcre2_get_ovector_pointer_8(data)!
            let captures: Captures = (0...groups).map { group in
                let lower = offsets[2 * group]
                // PCRE2_UNSET is the largest size.
                return group < Int(result) && lower <= text.count
                    ? lower..<offsets[2 * group + 1] : nil
            }
            found.append(captures)
            let whole = offsets[0]..<offsets[1]
            if whole.isEmpty {
                start = whole.upperBound + 1
                while start < text.count, text[start] & 0xC0 == 0x80 { start += 1 }
            } else {
                start = whole.upperBound
            }
        }
        return found
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
