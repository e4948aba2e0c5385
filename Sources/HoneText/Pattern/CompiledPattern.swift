import CPCRE2

/// A regular expression of a tokenizer, compiled by PCRE2 to machine code.
///
/// The pattern is first translated from the dialect of the `tokenizers` library; see
/// ``PatternTranslator``.
final class CompiledPattern: @unchecked Sendable {
    // Unchecked: compiled code is written only here and by `init`; PCRE2 lets threads share it.
    private let code: OpaquePointer
    private let isCompiledToMachineCode: Bool
    /// The pattern as the tokenizer's file has it.
    let source: String

    /// Why a pattern was not compiled, in PCRE2's words.
    struct CompileError: Error {
        var message: String
        /// In bytes, in the translated pattern.
        var offset: Int
    }

    /// Compiles `translated`, which stands for `source`.
    init(translated: String, source: String) throws(CompileError) {
        var number: Int32 = 0
        var offset = 0
        let pattern = Array(translated.utf8)
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        let compiled = pattern.withUnsafeBufferPointer {
            pcre2_compile_8($0.baseAddress, $0.count, options, &number, &offset, nil)
        }
        guard let compiled else {
            throw CompileError(message: Self.message(number), offset: offset)
        }
        code = compiled
        isCompiledToMachineCode = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE)) == 0
        self.source = source
    }

    deinit { pcre2_code_free_8(code) }

    /// The first match in `text` at or after `start`, or nil.
    @inline(__always)
    func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ scratch: MatchScratch
    ) throws(TokenizerError) -> Range<Int>? {
        // The text is valid UTF-8 and `start` on a boundary, so that PCRE2 need not check.
        let result =
            isCompiledToMachineCode
            ? pcre2_jit_match_8(
                code, text.baseAddress, text.count, start, 0, scratch.data, scratch.context)
            : pcre2_match_8(
                code, text.baseAddress, text.count, start, UInt32(PCRE2_NO_UTF_CHECK),
                scratch.data, scratch.context)
        if result >= 0 { return scratch.range }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        throw .matchFailed(pattern: source, reason: Self.message(result))
    }

    private static func message(_ number: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(max(length, 0))), as: UTF8.self)
    }
}

/// Where PCRE2 puts its results, and the stack that its machine code may use. One match at a time.
final class MatchScratch {
    fileprivate let data: OpaquePointer
    fileprivate let context: OpaquePointer
    private let stack: OpaquePointer
    private let offsets: UnsafeMutablePointer<Int>

    init() {
        // PCRE2 gives nil only when memory is exhausted.
        data = pcre2_match_data_create_8(1, nil)!
        context = pcre2_match_context_create_8(nil)!
        stack = pcre2_jit_stack_create_8(64 << 10, 256 << 20, nil)!
        pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
        // Far more than a tokenizer's pattern needs for one piece: a hostile one is an error, not a hang.
        pcre2_set_match_limit_8(context, 50_000_000)
        pcre2_set_depth_limit_8(context, 50_000_000)
        pcre2_set_heap_limit_8(context, 1 << 20)
        offsets = pcre2_get_ovector_pointer_8(data)
    }

    deinit {
        pcre2_jit_stack_free_8(stack)
        pcre2_match_context_free_8(context)
        pcre2_match_data_free_8(data)
    }

    @inline(__always)
    fileprivate var range: Range<Int> { offsets[0]..<offsets[1] }
}
