import CPCRE2

/// A regular expression over text, in the syntax of PCRE2, which agrees with Python's `re` in what
/// patterns commonly use: `.` stops at a line break and `^` and `$` stand at the ends of the text,
/// unless `(?s)` or `(?m)` says otherwise.
///
/// A pattern that would try far too many ways to match one text ends with
/// ``TextPatternError/tooHard(pattern:reason:)`` instead of running on.
public final class TextPattern: @unchecked Sendable {
    // Unchecked: compiled code is written only by `init`; PCRE2 lets threads share it, and each match
    // has its own data.
    private let code: OpaquePointer
    /// The pattern as it was written.
    public let source: String
    /// Groups in parentheses, without the whole match.
    public let groupCount: Int

    /// Compiles `source`.
    /// - Throws: ``TextPatternError/malformed(pattern:offset:reason:)``.
    public init(_ source: String) throws(TextPatternError) {
        var number: Int32 = 0
        var offset = 0
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        let pattern = Array(source.utf8)
        let compiled = pattern.withUnsafeBufferPointer {
            pcre2_compile_8($0.baseAddress, $0.count, options, &number, &offset, nil)
        }
        guard let compiled else {
            throw .malformed(pattern: source, offset: offset, reason: Self.message(number))
        }
        // Without machine code the same matches are found, more slowly.
        _ = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
        var groups: UInt32 = 0
        pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
        code = compiled
        self.source = source
        groupCount = Int(groups)
    }

    deinit { pcre2_code_free_8(code) }

    /// The number of the group `(?<name>…)`, from 1; `nil` when no group has that name.
    public func number(ofGroup name: String) -> Int? {
        let number = pcre2_substring_number_from_name_8(code, Array(name.utf8) + [0])
        return number > 0 ? Int(number) : nil
    }

    /// The first match in `text`: the whole of it, then each group, `nil` for a group that took no
    /// part. `nil` when nothing matches.
    /// - Throws: ``TextPatternError/tooHard(pattern:reason:)``.
    public func firstMatch(in text: String) throws(TextPatternError) -> [String?]? {
        // PCRE2 gives nil only when memory is exhausted.
        let data = pcre2_match_data_create_from_pattern_8(code, nil)!
        defer { pcre2_match_data_free_8(data) }
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBufferPointer {
            pcre2_match_8(
                code, $0.baseAddress, $0.count, 0, UInt32(PCRE2_NO_UTF_CHECK), data, nil)
        }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        guard result > 0 else {
            throw .tooHard(pattern: source, reason: Self.message(result))
        }
        guard let ends = pcre2_get_ovector_pointer_8(data) else { return nil }
        return (0...groupCount).map { group in
            // A group that took no part has PCRE2_UNSET, the largest number, at both ends; `\K` may
            // put an end before its start.
            let start = UInt(bitPattern: ends[2 * group])
            let end = UInt(bitPattern: ends[2 * group + 1])
            guard start <= end, end <= UInt(bytes.count) else { return nil }
            return String(decoding: bytes[Int(start)..<Int(end)], as: UTF8.self)
        }
    }

    /// `text` with every match replaced by `replacement`, in which `$1` or `${name}` stands for a
    /// group and `$$` for a dollar sign.
    /// - Throws: ``TextPatternError``, also for a replacement that names no group.
    public func replacingMatches(in text: String, with replacement: String)
        throws(TextPatternError) -> String
    {
        let subject = Array(text.utf8)
        let template = Array(replacement.utf8)
        let options =
            UInt32(PCRE2_SUBSTITUTE_GLOBAL) | UInt32(PCRE2_SUBSTITUTE_UNSET_EMPTY)
            | UInt32(PCRE2_SUBSTITUTE_OVERFLOW_LENGTH)
        var output = [UInt8](repeating: 0, count: subject.count + template.count + 64)
        for _ in 0..<2 {
            var length = output.count
            let result = subject.withUnsafeBufferPointer { subject in
                template.withUnsafeBufferPointer { template in
                    pcre2_substitute_8(
                        code, subject.baseAddress, subject.count, 0, options, nil, nil,
                        template.baseAddress, template.count, &output, &length)
                }
            }
            if result >= 0 { return String(decoding: output.prefix(length), as: UTF8.self) }
            guard result == PCRE2_ERROR_NOMEMORY else {
                throw .tooHard(pattern: source, reason: Self.message(result))
            }
            // `length` is now what it needs.
            output = [UInt8](repeating: 0, count: length)
        }
        throw .tooHard(pattern: source, reason: "the result does not fit in memory")
    }

    private static func message(_ number: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(max(length, 0))), as: UTF8.self)
    }
}

/// Why a pattern cannot be used.
public enum TextPatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `offset` counts bytes of the pattern.
    case malformed(pattern: String, offset: Int, reason: String)
    /// Matching one text was given up, or the replacement is faulty.
    case tooHard(pattern: String, reason: String)

    public var description: String {
        switch self {
        case .malformed(let pattern, let offset, let reason):
            "the pattern \(pattern) is faulty after \(offset) bytes: \(reason)"
        case .tooHard(let pattern, let reason): "the pattern \(pattern): \(reason)"
        }
    }
}
