import Testing

@testable import HoneInference

@Suite struct SchedulerTests {
    /// Blocks of 16 tokens; one layer with one head of width 16 in one byte each: 512 bytes a block.
    private func scheduler(blocks: Int, rows: Int = 8, prefill: Int = 64) throws -> Scheduler {
        let plan = try CachePlan(
            layers: 1, keyHeads: 1, headWidth: 16, bytesPerElement: 1, budgetBytes: blocks * 512)
        #expect(plan.blockCount == blocks)
        return Scheduler(plan: plan, rowLimit: rows, prefillLimit: prefill)
    }

    private func id(_ number: Int) -> RequestID { RequestID(number: number) }

    @Test func membersShareThePromptsBlocks() throws {
        var scheduler = try scheduler(blocks: 10)
        // 33 tokens take 3 blocks, once; each member 17 tokens in 2 blocks.
        try scheduler.submit(id(0), promptLength: 33, members: 3, completionLength: 17)
        let seats = scheduler.seat()
        #expect(seats.map(\.member) == [0, 1, 2])
        #expect(scheduler.freeBlockCount == 10 - 3 - 3 * 2)
        let blocks = seats.flatMap(\.blocks) + (scheduler.groups[id(0)]?.promptBlocks ?? [])
        #expect(Set(blocks).count == 9)
    }

    @Test func aFinishedRowIsReplacedByTheNextWaiting() throws {
        var scheduler = try scheduler(blocks: 100, rows: 3)
        try scheduler.submit(id(0), promptLength: 5, members: 2, completionLength: 5)
        try scheduler.submit(id(1), promptLength: 5, members: 2, completionLength: 5)
        let first = scheduler.seat()
        #expect(first.map(\.request) == [id(0), id(0), id(1)])
        #expect(scheduler.seat().isEmpty)
        scheduler.finish(first[1])
        let next = scheduler.seat()
        #expect(next.map(\.request) == [id(1)] && next[0].member == 1)
    }

    @Test func membersWaitForBlocksAndLaterRequestsDoNotOvertake() throws {
        var scheduler = try scheduler(blocks: 4)
        try scheduler.submit(id(0), promptLength: 16, members: 3, completionLength: 32)
        try scheduler.submit(id(1), promptLength: 1, members: 1, completionLength: 1)
        // The prompt's block and one member's two leave one, too few for the second member. The
        // second request would fit in two blocks but comes later.
        let first = scheduler.seat()
        #expect(first.map(\.member) == [0])
        scheduler.finish(first[0])
        #expect(scheduler.seat().map(\.member) == [1])
    }

    @Test func allBlocksComeBack() throws {
        var scheduler = try scheduler(blocks: 7, rows: 2)
        for number in 0..<5 {
            try scheduler.submit(
                id(number), promptLength: 20, members: 3, completionLength: 20)
        }
        var served: [RequestID] = []
        while !scheduler.isIdle {
            let seats = scheduler.seat()
            #expect(!seats.isEmpty && seats.count <= 2)
            scheduler.completePrefill(scheduler.nextPrefill())
            served += seats.map(\.request)
            for seat in seats { scheduler.finish(seat) }
        }
        #expect(served == (0..<5).flatMap { Array(repeating: id($0), count: 3) })
        #expect(scheduler.freeBlockCount == 7)
        #expect(scheduler.seatedCount == 0)
    }

    @Test func aRequestLargerThanTheCacheIsRefusedWithNumbers() throws {
        var scheduler = try scheduler(blocks: 4)
        // 40 prompt tokens take 3 blocks, 30 more take 2.
        #expect(
            throws: EngineError.cacheTooSmall(
                neededTokens: 80, availableTokens: 64, neededBytes: 2560, budgetBytes: 2048)
        ) {
            try scheduler.submit(id(0), promptLength: 40, members: 1, completionLength: 30)
        }
        #expect(scheduler.isIdle)
    }

    @Test func aBudgetBelowOneBlockIsRefused() {
        #expect(throws: EngineError.budgetTooSmall(bytes: 511, blockBytes: 512)) {
            try CachePlan(
                layers: 1, keyHeads: 1, headWidth: 16, bytesPerElement: 1, budgetBytes: 511)
        }
    }

    @Test func promptsAreCutAtMultiplesOfTheLimitAndPackedBelowIt() throws {
        var scheduler = try scheduler(blocks: 100, prefill: 64)
        try scheduler.submit(id(0), promptLength: 150, members: 1, completionLength: 1)
        try scheduler.submit(id(1), promptLength: 30, members: 1, completionLength: 1)
        try scheduler.submit(id(2), promptLength: 60, members: 1, completionLength: 1)
        _ = scheduler.seat()
        var calls: [[Range<Int>]] = []
        while true {
            let chunks = scheduler.nextPrefill()
            if chunks.isEmpty { break }
            calls.append(chunks.map(\.tokens))
            scheduler.completePrefill(chunks)
        }
        #expect(calls == [[0..<64], [64..<128], [128..<150, 0..<30], [0..<60]])
    }

    @Test func cancellingFreesWhatAGroupHolds() throws {
        var scheduler = try scheduler(blocks: 10, rows: 2)
        try scheduler.submit(id(0), promptLength: 20, members: 4, completionLength: 20)
        let seats = scheduler.seat()
        #expect(seats.count == 2)
        scheduler.cancel(id(0), seats: seats)
        #expect(scheduler.freeBlockCount == 10)
        #expect(scheduler.seatedCount == 0)
        #expect(scheduler.nextPrefill().isEmpty)
        #expect(scheduler.seat().isEmpty)
    }
}
