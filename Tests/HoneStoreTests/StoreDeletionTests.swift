import Foundation
import GRDB
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneStore

@Suite struct StoreDeletionTests {
    @Test func everyRowOfTheRunGoesAndNoneOfTheOthers() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let kept = try await SampleRun.record("kept", in: store, steps: 5, folder: "/kept")
        let gone = try await SampleRun.record("gone", in: store, steps: 450, folder: "/gone")
        await gone.record([RewardLogRow(["step": 3, "function": "equation", "output": "said"])])
        await gone.record(
            .rewardsAnswered(step: 9, RewardAnswer(id: "1-a", asked: .update, state: .refused)))
        await gone.record(.finished(step: 450, output: "/gone/model", metrics: []))
        await kept.record(.finished(step: 5, output: "/kept/model", metrics: []))
        let before = try store.completions(of: try store.run("kept"), CompletionQuery())
        let pages = try await store.pool.read { try Int.fetchOne($0, sql: "PRAGMA page_count") }

        try store.delete(try store.run("gone"))
        #expect(try store.runs().map(\.name) == ["kept"])
        try StoreCheck(store).expectWhole()
        let kept1 = try store.run("kept")
        #expect(try store.completions(of: kept1, CompletionQuery()) == before)
        try await store.pool.read { db in
            for table in StoreCheck.tablesOfRuns {
                let rows = try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM \(table) WHERE run_id <> ?",
                    arguments: [kept1.id])
                #expect(rows == 0, "\(table)")
            }
        }
        // The room is given back, not kept as empty pages.
        let after = try await store.pool.read { try Int.fetchOne($0, sql: "PRAGMA page_count") }
        #expect(try #require(after) * 5 < #require(pages))
    }

    @Test func aRunThatIsWrittenIsRefused() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 1)
        let run = try store.run("sample")
        #expect(throws: StoreError.running(name: "sample")) { try store.delete(run) }
        #expect(try store.completionCount(of: run, .training).all == 8)
    }
}
