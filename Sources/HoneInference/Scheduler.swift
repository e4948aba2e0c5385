/// Decides which requests run: who gets rows of the batch and blocks of the cache, and which part
/// of which prompt is computed next. Holds no tensors.
///
/// First come, first served. A member of a group is seated only with blocks for its longest possible
/// completion, so whoever is seated can finish, and the cache never overflows. The prompt's blocks
/// are held once for the whole group until its last member is done.
struct Scheduler {
    struct Group {
        let promptLength: Int
        let memberCount: Int
        /// Blocks that one member's completion may fill.
        let blocksPerMember: Int
        fileprivate(set) var promptBlocks: [Int32]
        /// Prompt tokens whose keys and values are in the cache.
        fileprivate(set) var prefilled = 0
        fileprivate(set) var seatedCount = 0
        fileprivate(set) var finishedCount = 0

        var isPrefilled: Bool { prefilled == promptLength }
        var isFullySeated: Bool { seatedCount == memberCount }
    }

    /// A member that takes a row from now on.
    struct Seat: Hashable {
        let request: RequestID
        let member: Int
        let blocks: [Int32]
        /// The prompt's, which all members of the group read.
        let promptLength: Int
        let promptBlocks: [Int32]
    }

    /// A part of a prompt to be computed in one call.
    struct PromptChunk: Hashable {
        let request: RequestID
        let tokens: Range<Int>
    }

    let plan: CachePlan
    /// Most rows that decode together.
    let rowLimit: Int
    /// Most prompt tokens in one call. Long prompts are cut at multiples of it, so where a prompt is
    /// cut depends on nothing else.
    let prefillLimit: Int

    private(set) var groups: [RequestID: Group] = [:]
    private(set) var seatedCount = 0
    /// Requests with members that have no seat yet.
    private var waiting: [RequestID] = []
    private var prefilling: [RequestID] = []
    private var blocks: CacheBlocks

    init(plan: CachePlan, rowLimit: Int, prefillLimit: Int) {
        self.plan = plan
        self.rowLimit = rowLimit
        self.prefillLimit = prefillLimit
        blocks = CacheBlocks(count: plan.blockCount)
    }

    var isIdle: Bool { groups.isEmpty }
    var freeBlockCount: Int { blocks.freeCount }

    /// Puts a group in the queue.
    /// - Parameter completionLength: most tokens of one member whose keys and values are kept.
    mutating func submit(
        _ request: RequestID, promptLength: Int, members: Int, completionLength: Int
    ) throws(EngineError) {
        try plan.requireRoom(prompt: promptLength, completion: completionLength)
        groups[request] = Group(
            promptLength: promptLength, memberCount: members,
            blocksPerMember: plan.blocks(for: completionLength), promptBlocks: [])
        waiting.append(request)
    }

    /// Seats as many waiting members as rows and blocks allow, in order.
    mutating func seat() -> [Seat] {
        var seats: [Seat] = []
        while let request = waiting.first, var group = groups[request] {
            if group.promptBlocks.isEmpty {
                let needed = plan.blocks(for: group.promptLength)
                guard seatedCount < rowLimit,
                    blocks.freeCount >= needed + group.blocksPerMember,
                    let taken = blocks.allocate(needed)
                else { break }
                group.promptBlocks = taken
                prefilling.append(request)
            }
            while !group.isFullySeated, seatedCount < rowLimit,
                let own = blocks.allocate(group.blocksPerMember)
            {
                seats.append(
                    Seat(
                        request: request, member: group.seatedCount, blocks: own,
                        promptLength: group.promptLength, promptBlocks: group.promptBlocks))
                group.seatedCount += 1
                seatedCount += 1
            }
            groups[request] = group
            guard group.isFullySeated else { break }
            waiting.removeFirst()
        }
        return seats
    }

    /// The parts of prompts for the next call: at most one of each prompt, in order of arrival.
    func nextPrefill() -> [PromptChunk] {
        var chunks: [PromptChunk] = []
        var total = 0
        for request in prefilling {
            guard let group = groups[request] else { continue }
            let end = min(
                group.promptLength, (group.prefilled / prefillLimit + 1) * prefillLimit)
            let count = end - group.prefilled
            if total > 0 && total + count > prefillLimit { break }
            chunks.append(PromptChunk(request: request, tokens: group.prefilled..<end))
            total += count
        }
        return chunks
    }

    mutating func completePrefill(_ chunks: [PromptChunk]) {
        for chunk in chunks { groups[chunk.request]?.prefilled = chunk.tokens.upperBound }
        prefilling.removeAll { groups[$0]?.isPrefilled ?? true }
    }

    /// Gives back the row and the blocks of one member, and the prompt's after the last.
    mutating func finish(_ seat: Seat) {
        guard var group = groups[seat.request] else { return }
        blocks.release(seat.blocks)
        seatedCount -= 1
        group.finishedCount += 1
        groups[seat.request] = group
        if group.finishedCount == group.memberCount {
            blocks.release(group.promptBlocks)
            groups[seat.request] = nil
        }
    }

    /// Forgets a group. `seats` are those of its members that are not finished.
    mutating func cancel(_ request: RequestID, seats: [Seat]) {
        guard let group = groups.removeValue(forKey: request) else { return }
        for seat in seats { blocks.release(seat.blocks) }
        seatedCount -= seats.count
        blocks.release(group.promptBlocks)
        waiting.removeAll { $0 == request }
        prefilling.removeAll { $0 == request }
    }
}
