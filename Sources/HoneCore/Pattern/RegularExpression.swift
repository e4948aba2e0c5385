import CPCRE2

/// A regular expression compiled by PCRE2, whose dialect is Perl's and close to Python's `re`: `.` stops at
/// a line break and `^` and `$` stand at the ends of the text, unless `(?s)` or `(?m)` says otherwise.
///
/// Texts are UTF-8 and places are bytes. How much one match may cost is said by the ``MatchScratch``
/// that it is given.
public final class RegularExpression: @unchecked Sendable {
    // Unchecked: the compiled code is written by `init` only; PCRE2 lets threads share it.
    @usableFromInline let code: OpaquePointer
    @usableFromInline let isMachineCode: Bool
    /// The pattern as it was compiled.
    public let source: String
    /// Groups in parentheses, without the whole match.
    public let groupCount: Int

    /// How it is carried out.
    public enum Execution: Sendable {
        /// As machine code where PCRE2 has a compiler for the processor, which is several times as fast.
        case machineCode
        /// Step by step: every step is counted, and ``MatchScratch/limitStart(to:)`` can be used.
        case interpreted
    }

    /// Where a match has to stand.
    public enum Place: String, ConfigChoice {
        case anywhere, start, whole

        @usableFromInline var option: UInt32 {
            switch self {
            case .anywhere: 0
            case .start: UInt32(PCRE2_ANCHORED)
            case .whole: UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED)
            }
        }
    }

    /// Why a pattern was not compiled, in PCRE2's words, with the place in bytes.
    public struct CompileError: Error, Sendable, Hashable {
        public var message: String
        public var offset: Int
    }

    /// Why a match was given up, in PCRE2's words.
    public struct MatchFailure: Error, Sendable, Hashable {
        public var message: String

        @usableFromInline init(_ number: Int32) { message = RegularExpression.message(number) }
    }

    /// Compiles `source`.
    /// - Throws: ``CompileError``.
    public init(_ source: String, _ execution: Execution) throws(CompileError) {
        var number: Int32 = 0
        var offset = 0
        let bytes = Array(source.utf8)
        var options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        switch execution {
        case .machineCode: break
        case .interpreted: options |= UInt32(PCRE2_USE_OFFSET_LIMIT)
        }
        let compiled = bytes.withUnsafeBufferPointer {
            pcre2_compile_8($0.baseAddress, $0.count, options, &number, &offset, nil)
        }
        guard let compiled else {
            throw CompileError(message: Self.message(number), offset: offset)
        }
        code = compiled
        switch execution {
        case .machineCode:
            isMachineCode = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE)) == 0
        case .interpreted: isMachineCode = false
        }
        var groups: UInt32 = 0
        pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
        self.source = source
        groupCount = Int(groups)
    }

    deinit { pcre2_code_free_8(code) }

    /// The number of the group `(?<name>…)`, from 1; `nil` when no group has that name.
    public func number(ofGroup name: String) -> Int? {
        let number = pcre2_substring_number_from_name_8(code, Array(name.utf8) + [0])
        return number > 0 ? Int(number) : nil
    }

    /// The first match that begins at `start` or behind it, or `nil`; `scratch` holds its groups.
    ///
    /// Inlined into its callers: a tokenizer asks it for every word.
    /// - Parameters:
    ///   - text: valid UTF-8, which is not checked.
    ///   - start: a place between two characters of it.
    ///   - scratch: what bounds the match, for as many groups as are asked for.
    /// - Throws: ``MatchFailure`` where `scratch` bounds it to less than it needs.
    @inlinable @inline(__always)
    public func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ scratch: MatchScratch
    ) throws(MatchFailure) -> Range<Int>? {
        guard isMachineCode else {
            return try match(in: text, from: start, .anywhere, scratch)
        }
        let result = pcre2_jit_match_8(
            code, text.baseAddress, text.count, start, 0, scratch.data, scratch.context)
        if result >= 0 { return scratch.whole }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        throw MatchFailure(result)
    }

    /// The first match at a place relative to `start`, or `nil`; `scratch` holds its groups.
    ///
    /// For a place other than ``Place/anywhere`` PCRE2 goes step by step.
    /// - Parameters:
    ///   - text: valid UTF-8, which is not checked.
    ///   - start: a place between two characters of it.
    ///   - place: where from `start` on the match stands.
    ///   - scratch: what bounds the match, for as many groups as are asked for.
    /// - Throws: ``MatchFailure`` where `scratch` bounds it to less than it needs.
    public func match(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ place: Place,
        _ scratch: MatchScratch
    ) throws(MatchFailure) -> Range<Int>? {
        let result = pcre2_match_8(
            code, text.baseAddress, text.count, start,
            UInt32(PCRE2_NO_UTF_CHECK) | place.option, scratch.data, scratch.context)
        if result >= 0 { return scratch.whole }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        throw MatchFailure(result)
    }

    /// `text` with every match replaced by `replacement`, in which `$1` or `${name}` stands for a
    /// group and `$$` for a dollar sign.
    /// - Throws: ``MatchFailure``, also for a replacement that names no group.
    public func replacingMatches(
        in text: String, with replacement: String
    ) throws(MatchFailure) -> String {
        let subject = Array(text.utf8)
        let template = Array(replacement.utf8)
        let options =
            UInt32(PCRE2_SUBSTITUTE_GLOBAL) | UInt32(PCRE2_SUBSTITUTE_UNSET_EMPTY)
            | UInt32(PCRE2_SUBSTITUTE_OVERFLOW_LENGTH)
        var output = [UInt8](repeating: 0, count: subject.count + template.count + 64)
        while true {
            var length = output.count
            let result = subject.withUnsafeBufferPointer { subject in
                template.withUnsafeBufferPointer { template in
                    pcre2_substitute_8(
                        code, subject.baseAddress, subject.count, 0, options, nil, nil,
                        template.baseAddress, template.count, &output, &length)
                }
            }
            if result >= 0 { return String(decoding: output.prefix(length), as: UTF8.self) }
            // `length` is then what it needs.
            guard result == PCRE2_ERROR_NOMEMORY, length > output.count else {
                throw MatchFailure(result)
            }
            output = [UInt8](repeating: 0, count: length)
        }
    }

    private static func message(_ number: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(max(length, 0))), as: UTF8.self)
    }
}
