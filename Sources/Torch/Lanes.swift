import CTorch

/// Work that goes on side by side, each part on a thread of its own.
///
/// An operation on tensors uses all threads, and between two operations all but one of them wait. Parts that
/// need nothing from each other lose less of the processor's time in lanes: each goes through its operations
/// alone. A thread whose lane has ended helps with the operations of the others, so that parts of
/// different sizes end together. Results have the same bits either way, for no operation depends on how many
/// threads compute it.
public enum Lanes {
    /// Whether parts can go on side by side: where operations are computed by threads of ours.
    public static var areAvailable: Bool { ct_has_lanes() }

    /// What `body` gives for each of 0 ..< `count`, in that order.
    ///
    /// - Parameters:
    ///   - count: How many parts there are.
    ///   - lanes: most that go on at one time; also bounded by ``threadCount``. With 1, or where lanes are not
    ///     available, `body` is called on this thread for one part after the other.
    ///   - body: may be called on several threads at one time. What it changes must belong to its part; what
    ///     parts share, models and tensors, it may only read.
    /// - Throws: what `body` threw for the first part that failed; the parts behind it may have been computed.
    public static func map<Part>(
        _ count: Int, lanes: Int, _ body: (Int) throws -> Part
    ) throws -> [Part] {
        guard lanes > 1, count > 1, areAvailable else { return try (0..<count).map(body) }
        let results = UnsafeMutableBufferPointer<Result<Part, any Error>?>
            .allocate(capacity: count)
        results.initialize(repeating: nil)
        defer { results.deinitialize().deallocate() }
        withoutActuallyEscaping(body) { body in
            var work = LaneWork { index in results[index] = Result { try body(index) } }
            withUnsafeMutablePointer(to: &work) { work in
                ct_for_each_in_lanes(
                    Int64(count), Int64(lanes),
                    { context, index in
                        context?.assumingMemoryBound(to: LaneWork.self).pointee.run(Int(index))
                    }, work)
            }
        }
        return try results.map { result in
            guard let result else { preconditionFailure("a lane left out a part") }
            return try result.get()
        }
    }
}

/// What a lane does for the part of this number.
private struct LaneWork {
    let run: (Int) -> Void
}
