import Foundation
import GRDB

/// The record of every run on this machine's folder: one SQLite file in write-ahead mode.
///
/// Any number of programs may use it at once: readers never wait, writers take turns. A transaction is
/// whole or absent after a `kill -9` at any instant.
public final class Store: Sendable {
    public let home: StoreHome
    let pool: DatabasePool

    /// What to do where there is no store yet.
    public enum Absence: Sendable {
        case create
        case refuse
    }

    /// Opens the store in `home` and brings its tables up to date.
    /// - Parameters:
    ///   - home: the folder.
    ///   - absence: whether to make the store where there is none.
    /// - Throws: ``StoreError/corrupted(path:reason:)``, ``StoreError/newer(path:migrations:)``,
    ///   ``StoreError/absent(path:)``, ``StoreError/unwritable(path:reason:)``.
    public init(_ home: StoreHome, absence: Absence = .create) throws(StoreError) {
        let path = home.database.path
        self.home = home
        do {
            if absence == .refuse, !FileManager.default.fileExists(atPath: path) {
                throw StoreError.absent(path: path)
            }
            try FileManager.default.createDirectory(
                at: home.folder, withIntermediateDirectories: true)
            // Two programs must not both make or migrate the tables.
            let lock = try StoreLock(home.lock)
            pool = try DatabasePool(path: path, configuration: Self.configuration)
            try Self.migrate(pool, path: path)
            _ = consume lock
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        // Another program's transaction takes milliseconds; a checkpoint on a slow disk, seconds.
        configuration.busyMode = .timeout(20)
        configuration.maximumReaderCount = 3
        configuration.prepareDatabase { db in
            // Only of effect before the first table exists: what runs are deleted from shrinks.
            // Connections that read may not ask for it.
            if !db.configuration.readonly {
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
            try db.execute(sql: "PRAGMA cache_size = -16384")
        }
        return configuration
    }

    private static func migrate(_ pool: DatabasePool, path: String) throws {
        let migrator = Schema.migrator
        let applied = try pool.read { db in
            try db.tableExists("grdb_migrations")
                ? String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations") : []
        }
        let unknown = Set(applied).subtracting(migrator.migrations)
        guard unknown.isEmpty else {
            throw StoreError.newer(path: path, migrations: unknown.sorted())
        }
        if applied.count < migrator.migrations.count { try migrator.migrate(pool) }
    }

    /// Runs `body` in one transaction that is written whole or not at all.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try pool.write(body)
        } catch {
            throw StoreError(error, path: home.database.path)
        }
    }

    /// Runs `body` on one unchanging state of the store.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try pool.read(body)
        } catch {
            throw StoreError(error, path: home.database.path)
        }
    }

    /// Closes the file; the store cannot be used afterwards.
    public func close() throws(StoreError) {
        do { try pool.close() } catch { throw StoreError(error, path: home.database.path) }
    }
}
