import Foundation
import GRDB
import HoneCore
import TestSupport
import Testing

@testable import HoneStore

@Suite struct StoreOpeningTests {
    @Test func tablesAreMadeOnceAndStay() async throws {
        let scratch = try ScratchFolder()
        try await SampleRun.record(in: try Store(scratch.home), steps: 2)
        let again = try Store(scratch.home, absence: .refuse)
        #expect(try again.runs().map(\.step) == [2])
        let applied = try await again.pool.read { db in
            try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations")
        }
        #expect(applied == Schema.migrator.migrations)
    }

    /// A migration that was published must never change: stores out there have it.
    @Test func publishedMigrationsStandFirstAndUnchanged() throws {
        #expect(
            Schema.migrator.migrations.prefix(3) == [
                "1 runs, metrics, completions", "2 changes of reward functions",
                "3 trials of reward functions, rewards of evaluations",
            ])
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        let tables = try store.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM sqlite_master
                    WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name
                    """)
        }
        #expect(
            Set(tables).isSuperset(of: StoreCheck.tablesOfRuns + ["run", "metric_name"]))
    }

    /// A store that an earlier version filled, with all its runs, under the tables of this one.
    @Test func aStoreOfAnEarlierHoneIsBroughtUpToDate() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 3)
        let before = try store.completions(of: try store.run("sample"), CompletionQuery())
        // As it was before the third change.
        try await store.pool.write { db in
            try db.execute(
                sql: """
                    DROP TABLE reward_trial; DROP TABLE evaluation_reward;
                    DELETE FROM grdb_migrations WHERE identifier LIKE '3 %';
                    """)
        }
        try store.close()
        let again = try Store(scratch.home)
        let run = try again.run("sample")
        #expect(try again.completions(of: run, CompletionQuery()) == before)
        #expect(try again.rewardTrials(of: run) == [])
        try again.record(RewardAnswer(id: "1-a", asked: nil, state: .tried), of: run)
        #expect(try again.rewardTrials(of: run).count == 1)
        try StoreCheck(again).expectWhole()
    }

    @Test func aMissingStoreIsRefusedWithTheWayToOne() throws {
        let scratch = try ScratchFolder()
        let path = scratch.home.database.path
        #expect(throws: StoreError.absent(path: path)) {
            try Store(scratch.home, absence: .refuse)
        }
        #expect("\(StoreError.absent(path: path))".contains("hone train"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aFileThatIsNoDatabaseIsRefusedWithTheWayOut() throws {
        let scratch = try ScratchFolder()
        try scratch.file("home/store.sqlite", String(repeating: "no database ", count: 400))
        let error = #expect(throws: StoreError.self) { try Store(scratch.home) }
        guard case .corrupted = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("\(error!)".contains("hone runs repair"))
    }

    @Test func aStoreOfANewerHoneIsRefusedAndUntouched() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await store.pool.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
        }
        try store.close()
        let error = #expect(throws: StoreError.self) { try Store(scratch.home) }
        #expect(
            error
                == .newer(
                    path: scratch.home.database.path, migrations: ["99 from the future"]))
        #expect("\(error!)".contains("--home"))
    }

    @Test func aFolderThatCannotBeMadeIsUnwritable() throws {
        let scratch = try ScratchFolder()
        try scratch.file("file", "")
        let error = #expect(throws: StoreError.self) {
            try Store(StoreHome(scratch.url.appending(path: "file/home")))
        }
        guard case .unwritable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
