import Torch

/// The packed rows of one forward call: which tokens, where they stand, and what they see.
struct CachedBatch {
    private(set) var tokens: [Int] = []
    private(set) var positions: [Int] = []
    private(set) var spans: [Kernels.CacheSpan] = []
    private(set) var tables: [Int32] = []
    /// Whose prompt was listed last, and where: the members of a group mostly stand together.
    private var lastPrompt: (request: RequestID, table: Int)?

    var rowCount: Int { tokens.count }

    /// A batch of about so many rows.
    init(rowCount: Int = 0) {
        tokens.reserveCapacity(rowCount)
        positions.reserveCapacity(rowCount)
        spans.reserveCapacity(rowCount)
    }

    /// Adds a part of a prompt, which stands alone in its blocks; returns the row of its last token.
    mutating func addPrompt(_ tokens: ArraySlice<Int32>, blocks: [Int32]) -> Int {
        let table = tables.count
        tables += blocks
        spans.append(
            Kernels.CacheSpan(
                firstRow: rowCount, rowCount: tokens.count, firstPosition: tokens.startIndex,
                sharedLength: 0, sharedTable: table, ownTable: table))
        positions += tokens.indices
        self.tokens += tokens.lazy.map(Int.init)
        return rowCount - 1
    }

    /// Adds the next token of a completion: `place` 0 is the first after the prompt.
    mutating func addToken(
        _ token: Int32, place: Int, seat: Scheduler.Seat
    ) {
        let promptLength = seat.promptLength
        let promptTable: Int
        if let lastPrompt, lastPrompt.request == seat.request {
            promptTable = lastPrompt.table
        } else {
            promptTable = tables.count
            lastPrompt = (seat.request, promptTable)
            tables += seat.promptBlocks
        }
        spans.append(
            Kernels.CacheSpan(
                firstRow: rowCount, rowCount: 1, firstPosition: promptLength + place,
                sharedLength: promptLength, sharedTable: promptTable, ownTable: tables.count))
        tables += seat.blocks.prefix(place / Kernels.cacheBlockLength + 1)
        positions.append(promptLength + place)
        tokens.append(Int(token))
    }

    /// The cache's place of a position: block · 16 + slot.
    func place(of position: Int, in span: Kernels.CacheSpan) -> Int {
        let isShared = position < span.sharedLength
        let within = isShared ? position : position - span.sharedLength
        let table = isShared ? span.sharedTable : span.ownTable
        let length = Kernels.cacheBlockLength
        return Int(tables[table + within / length]) * length + within % length
    }
}
