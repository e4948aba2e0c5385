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
        #expect(Schema.migrator.migrations.first == "1 runs, metrics, completions")
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
