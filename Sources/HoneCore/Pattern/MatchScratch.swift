import CPCRE2

/// Where ``RegularExpression`` puts what it found, and how much one match may cost. One match at a time.
public final class MatchScratch {
    @usableFromInline let data: OpaquePointer
    @usableFromInline let context: OpaquePointer
    /// Start and end of each group; PCRE2_UNSET, the largest number, for one that took no part.
    @usableFromInline let offsets: UnsafeMutablePointer<Int>
    private let stack: OpaquePointer?
    private let groupCount: Int

    /// What one match may take; PCRE2's own bounds where nothing is said.
    public struct Bounds: Sendable {
        /// Steps of a match from one place.
        public var steps: UInt32?
        /// How far steps may be nested.
        public var depth: UInt32?
        /// KiB of memory beside the stack.
        public var heap: UInt32?
        /// Bytes of stack for machine code, at first and at most; 32 KiB where nothing is said.
        public var stack: ClosedRange<Int>?

        public init(
            steps: UInt32? = nil, depth: UInt32? = nil, heap: UInt32? = nil,
            stack: ClosedRange<Int>? = nil
        ) {
            self.steps = steps
            self.depth = depth
            self.heap = heap
            self.stack = stack
        }
    }

    /// - Parameters:
    ///   - groupCount: of how many groups it can hold the places, without the whole match.
    ///   - bounds: what one match may take.
    public init(groupCount: Int, _ bounds: Bounds) {
        self.groupCount = groupCount
        // PCRE2 gives nil only when memory is exhausted.
        data = pcre2_match_data_create_8(UInt32(groupCount) + 1, nil)!
        context = pcre2_match_context_create_8(nil)!
        offsets = pcre2_get_ovector_pointer_8(data)
        if let steps = bounds.steps { pcre2_set_match_limit_8(context, steps) }
        if let depth = bounds.depth { pcre2_set_depth_limit_8(context, depth) }
        if let heap = bounds.heap { pcre2_set_heap_limit_8(context, heap) }
        if let sizes = bounds.stack {
            stack = pcre2_jit_stack_create_8(sizes.lowerBound, sizes.upperBound, nil)!
            pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack))
        } else {
            stack = nil
        }
    }

    deinit {
        pcre2_jit_stack_free_8(stack)
        pcre2_match_context_free_8(context)
        pcre2_match_data_free_8(data)
    }

    /// Lets the next matches begin no later than at byte `end` of their text, for expressions that are
    /// interpreted; others fail.
    public func limitStart(to end: Int) { pcre2_set_offset_limit_8(context, end) }

    /// Where the latest match stands; `\\K` may have put its start behind its end.
    @inlinable @inline(__always)
    var whole: Range<Int> { offsets[0]..<max(offsets[0], offsets[1]) }

    /// The latest match: the whole at 0, groups from 1; `nil` for a group that took no part.
    public var captures: [Range<Int>?] {
        (0...groupCount).map { group in
            let (start, end) = (offsets[2 * group], offsets[2 * group + 1])
            // PCRE2_UNSET read as an Int is negative.
            return start >= 0 && start <= end ? start..<end : nil
        }
    }
}
