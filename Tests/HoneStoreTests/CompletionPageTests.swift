import Foundation
import GRDB
import HoneCore
import TestSupport
import Testing

@testable import HoneStore

/// Pages against the plain way: all completions in memory, filtered and sorted.
@Suite struct CompletionPageTests {
    static func filled() async throws -> (ScratchFolder, Store, StoredRun, [CompletionRecord]) {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        // Another run before and after, whose completions must never be seen.
        try await SampleRun.record("before", in: store, steps: 2, folder: "/a")
        let recorder = try await SampleRun.record(in: store, steps: 30, groups: 4, folder: "/b")
        try await SampleRun.record("after", in: store, steps: 2, folder: "/c")
        let sample = SampleRun.completion(step: 3, place: 3)
        await recorder.record(
            .evaluated(
                EvaluationRecord(
                    step: 3, metrics: [],
                    completions: [EvaluationSample(sample.rollout, sample.verdict)])))
        let run = try store.run("sample")
        var all = CompletionQuery()
        all.limit = 10_000
        return (scratch, store, run, try store.completions(of: run, all))
    }

    static func expected(
        _ all: [CompletionRecord], _ query: CompletionQuery
    ) -> [CompletionRecord] {
        var kept = all.filter { record in
            if let first = query.firstStep, record.step < first { return false }
            if let last = query.lastStep, record.step > last { return false }
            if let least = query.leastReward, !(record.reward.map { $0 >= least } ?? false) {
                return false
            }
            if let most = query.mostReward, !(record.reward.map { $0 <= most } ?? false) {
                return false
            }
            if let row = query.row, record.row != row { return false }
            let failure = record.rewards.compactMap(\.failure).first
            switch query.failure {
            case .anything: break
            case .failed: if failure == nil { return false }
            case .kind(let kind): if failure?.hasPrefix(kind + ":") != true { return false }
            }
            return query.order != .reward || record.reward != nil
        }
        kept.sort { a, b in
            let (x, y): (Double, Double) =
                switch query.order {
                case .step: (0, 0)
                case .reward: (a.reward ?? 0, b.reward ?? 0)
                case .length: (Double(a.tokens), Double(b.tokens))
                }
            return (x, a.step, a.ordinal) < (y, b.step, b.ordinal)
        }
        return query.direction == .ascending ? kept : kept.reversed()
    }

    @Test func everyFilterInEveryOrderGivesThePlainAnswer() async throws {
        let (_, store, run, all) = try await Self.filled()
        #expect(all.count == 480)
        var tried = 0
        for order in CompletionQuery.Order.allCases {
            for direction in CompletionQuery.Direction.allCases {
                for steps in [(nil, nil), (5, 6), (5, 28), (nil, 2), (29, nil)] as [(Int?, Int?)] {
                    for rewards in [(nil, nil), (0.5, nil), (nil, 0.25), (0.5, 0.5), (2, nil)]
                        as [(Double?, Double?)]
                    {
                        for failure in [.anything, .failed, .kind("timedOut"), .kind("none")]
                            as [CompletionQuery.FailureFilter]
                        {
                            for row in [nil, 4, 999] as [Int?] {
                                var query = CompletionQuery()
                                (query.order, query.direction) = (order, direction)
                                (query.firstStep, query.lastStep) = steps
                                (query.leastReward, query.mostReward) = rewards
                                (query.failure, query.row, query.limit) = (failure, row, 1000)
                                let found = try Self.keys(store, run, query)
                                let plain = Self.expected(all, query).map {
                                    [$0.step, $0.ordinal]
                                }
                                #expect(found == plain, "\(query)")
                                tried += 1
                            }
                        }
                    }
                }
            }
        }
        #expect(tried == 3 * 2 * 5 * 5 * 4 * 3)
    }

    /// Step and place of each completion, without its text.
    private static func keys(
        _ store: Store, _ run: StoredRun, _ query: CompletionQuery
    ) throws -> [[Int]] {
        try store.read { db in
            guard let plan = try Store.plan(query, run: run.id, db) else { return [] }
            return try Row.fetchAll(db, sql: plan.sql, arguments: plan.arguments).map {
                [$0["step"], $0["ordinal"]]
            }
        }
    }

    @Test(arguments: CompletionQuery.Order.allCases, CompletionQuery.Direction.allCases)
    func pagesFollowEachOtherWithoutGapOrRepetition(
        order: CompletionQuery.Order, direction: CompletionQuery.Direction
    ) async throws {
        let (_, store, run, all) = try await Self.filled()
        for row in [nil, 4] as [Int?] {
            var query = CompletionQuery()
            (query.order, query.direction, query.row, query.limit) = (order, direction, row, 7)
            let plain = Self.expected(all, query)
            var found: [CompletionRecord] = []
            while true {
                let page = try store.completions(of: run, query)
                found += page
                guard let last = page.last else { break }
                // A cursor survives being written down.
                query.after = try CompletionCursor(last.cursor.text, order: order)
                #expect(query.after == last.cursor)
            }
            #expect(found.map(\.completion) == plain.map(\.completion))
        }
    }

    /// What SQLite says that it will do.
    private static func steps(
        _ store: Store, _ run: StoredRun, _ query: CompletionQuery
    ) throws -> String {
        try store.read { db in
            let plan = try #require(try Store.plan(query, run: run.id, db))
            return try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + plan.sql, arguments: plan.arguments
            ).map { $0["detail"] as String }.joined(separator: "; ")
        }
    }

    @Test(arguments: CompletionQuery.Order.allCases, CompletionQuery.Direction.allCases)
    func aPageIsFoundWithoutSortingOrReadingTheWholeRun(
        order: CompletionQuery.Order, direction: CompletionQuery.Direction
    ) async throws {
        let (_, store, run, _) = try await Self.filled()
        var query = CompletionQuery()
        (query.order, query.direction, query.leastReward) = (order, direction, 0.5)
        for after in [nil, CompletionCursor(value: 20, step: 3, ordinal: 2)] {
            query.after = after
            let steps = try Self.steps(store, run, query)
            #expect(!steps.contains("SCAN") && !steps.contains("TEMP B-TREE"), "\(steps)")
        }
        // Few steps are sorted, but only they are read.
        (query.firstStep, query.lastStep) = (7, 8)
        for after in [nil, CompletionCursor(value: 20, step: 7, ordinal: 2)] {
            query.after = after
            let steps = try Self.steps(store, run, query)
            let own = "SEARCH c USING PRIMARY KEY (run_id=? AND phase=? AND step=?"
            #expect(!steps.contains("SCAN") && steps.contains(own), "\(steps)")
        }
    }

    @Test func aCursorOfAnotherOrderIsRefused() {
        #expect(throws: StoreError.badCursor(text: "3:4")) {
            try CompletionCursor("3:4", order: .reward)
        }
        #expect(throws: StoreError.badCursor(text: "0.5:3:4")) {
            try CompletionCursor("0.5:3:4", order: .step)
        }
        #expect(throws: StoreError.badCursor(text: "x")) {
            try CompletionCursor("x", order: .length)
        }
    }

    @Test func allOfThemStreamInPages() async throws {
        let (_, store, run, all) = try await Self.filled()
        var texts: [String] = []
        try store.forEachCompletion(of: run, CompletionQuery()) { texts.append($0.completion) }
        #expect(texts == all.map(\.completion))
    }
}
