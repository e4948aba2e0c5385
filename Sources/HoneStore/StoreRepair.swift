import Foundation
import GRDB
import HoneCore
import OrderedCollections

/// Makes a store whole again: one that is damaged or too new is put aside and made anew from the runs'
/// folders; a sound one takes in what the folders hold and it does not.
public struct StoreRepair: Sendable {
    public let home: StoreHome
    /// Folders of runs to look at besides those in `home` and those that the store names.
    public var folders: [URL]

    public init(_ home: StoreHome, folders: [URL] = []) {
        self.home = home
        self.folders = folders
    }

    /// What was found and done.
    public struct Report: Sendable, Hashable {
        /// Why the old store was put aside; nil when it was sound.
        public var damage: String?
        /// Where it is now.
        public var aside: URL?
        /// The runs that were taken in, whole or in part, with the number of steps.
        public var takenIn: [TakenIn] = []
        /// Folders that could not be taken in, and why.
        public var problems: [String] = []

        public struct TakenIn: Sendable, Hashable {
            public var name: String
            public var folder: String
            public var steps: Int
            /// Completions without the columns of their row, which an earlier version did not keep in the
            /// folder.
            public var withoutColumns = 0
        }
    }

    /// Looks, and repairs what needs it. No other program should use the store meanwhile.
    /// - Throws: ``StoreError`` when the folder cannot be written.
    public func run() throws(StoreError) -> Report {
        var report = Report()
        var places = folders
        do {
            try FileManager.default.createDirectory(
                at: home.folder, withIntermediateDirectories: true)
            let lock = try StoreLock(home.lock)
            if let damage = findDamage() {
                report.damage = damage
                places += foldersOfOldStore()
                report.aside = try putAside()
            }
            _ = consume lock
        } catch {
            throw StoreError(error, path: home.database.path)
        }
        let store = try Store(home)
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: home.runs.path)) ?? []
        places += names.sorted().map { home.runs.appending(path: $0) }
        places += try store.runs().filter { !$0.folder.isEmpty }.map { URL(filePath: $0.folder) }
        var seen: Set<String> = []
        for place in places {
            let folder = place.absoluteURL.standardizedFileURL
            let events = folder.appending(path: "events.jsonl")
            guard seen.insert(folder.path).inserted else { continue }
            guard FileManager.default.fileExists(atPath: events.path) else {
                if folders.contains(place) {
                    report.problems.append("\(folder.path) holds no events.jsonl")
                }
                continue
            }
            do throws(StoreError) {
                if let taken = try store.takeIn(folder: folder) { report.takenIn.append(taken) }
            } catch {
                report.problems.append("\(error)")
            }
        }
        try store.close()
        return report
    }

    /// Why the store cannot stay; nil when it is sound or there is none.
    private func findDamage() -> String? {
        guard FileManager.default.fileExists(atPath: home.database.path) else { return nil }
        do {
            let store = try DatabaseQueue(path: home.database.path)
            let answer = try store.read { db in
                try String.fetchAll(db, sql: "PRAGMA integrity_check(3)")
            }
            guard answer == ["ok"] else { return answer.joined(separator: "; ") }
            let applied = try store.read { db in
                try db.tableExists("grdb_migrations")
                    ? String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations") : []
            }
            let unknown = Set(applied).subtracting(Schema.migrator.migrations)
            guard unknown.isEmpty else {
                return "changed by a newer Hone: \(unknown.sorted().joined(separator: ", "))"
            }
            return try store.read { db in try findDamagedText(db) }
        } catch {
            return "\(error)"
        }
    }

    /// A flipped bit within a text leaves the pages sound; zlib's checksum finds it.
    private func findDamagedText(_ db: Database) throws -> String? {
        guard try db.tableExists("chunk") else { return nil }
        let chunks = try Row.fetchCursor(db, sql: "SELECT id, body FROM chunk")
        while let chunk = try chunks.next() {
            let body: Data = chunk["body"]
            do throws(StoreError) {
                _ = try TextChunk.unpack(Array(body), path: home.database.path)
            } catch {
                return "the text in chunk \(chunk["id"] as Int64) cannot be unpacked"
            }
        }
        let orphans = try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM completion
                WHERE chunk_id NOT IN (SELECT id FROM chunk)
                  OR prompt_id NOT IN (SELECT id FROM prompt)
                """)
        return orphans == 0 ? nil : "\(orphans ?? 0) completions without their text"
    }

    /// As far as it can still be read.
    private func foldersOfOldStore() -> [URL] {
        guard let store = try? DatabaseQueue(path: home.database.path) else { return [] }
        let folders = try? store.read { db in
            try String.fetchAll(db, sql: "SELECT folder FROM run WHERE folder <> '' ORDER BY id")
        }
        return (folders ?? []).map { URL(filePath: $0) }
    }

    private func putAside() throws -> URL {
        let stamp = Date().formatted(
            .iso8601.dateSeparator(.omitted).timeSeparator(.omitted).year().month().day().time(
                includingFractionalSeconds: false))
        let files = FileManager.default
        var target = home.database.path + ".aside-" + stamp
        while files.fileExists(atPath: target) { target += "-2" }
        for suffix in ["", "-wal", "-shm"] {
            let old = home.database.path + suffix
            guard files.fileExists(atPath: old) else { continue }
            try files.moveItem(atPath: old, toPath: target + suffix)
        }
        return URL(filePath: target)
    }
}

extension Store {
    /// Takes in what the run's folder holds and the store does not.
    /// - Returns: nil when nothing was missing, or the run is being written.
    func takeIn(folder: URL) throws(StoreError) -> StoreRepair.Report.TakenIn? {
        let outline = try RunOutline(folder: folder)
        let known = try runs().first { $0.folder == folder.path }
        if let known {
            guard known.state != .running, outline.lastStep > known.step else { return nil }
            let missing = try takeIn(
                folder: folder, as: known.id, steps: known.step + 1...outline.lastStep)
            return StoreRepair.Report.TakenIn(
                name: known.name, folder: folder.path, steps: outline.lastStep - known.step,
                withoutColumns: missing)
        }
        let begun = try begin(
            outline.registration, description: outline.description, at: outline.startedAt)
        let missing: Int
        do throws(StoreError) {
            missing = try takeIn(folder: folder, as: begun.id, steps: 0...max(outline.lastStep, 0))
            // Whoever wrote it, it is not this process.
            try write { db in
                try db.execute(
                    sql: "UPDATE run SET process = NULL WHERE id = ?", arguments: [begun.id])
            }
        } catch {
            try write { db in
                try RunWriter(db: db, run: begun.id).forget()
            }
            throw error
        }
        let name = try runs().first { $0.id == begun.id }?.name ?? ""
        return StoreRepair.Report.TakenIn(
            name: name, folder: folder.path, steps: outline.lastStep, withoutColumns: missing)
    }
}

/// What a run's folder says of the run as a whole.
private struct RunOutline {
    var registration: RunRegistration
    var description: RunDescription
    var startedAt: Date
    var lastStep: Int

    init(folder: URL) throws(StoreError) {
        let path = folder.appending(path: "events.jsonl")
        guard var lines = JSONLinesReader(path) else {
            throw .badRecord(path: path.path, line: 0, reason: "it cannot be read")
        }
        var start: JSONObject?
        var lastStep = 0
        while let event = try lines.next() {
            if event["event"] == "started", start == nil { start = event }
            lastStep = max(lastStep, event["step"]?.intValue ?? 0)
        }
        guard let start else {
            throw .badRecord(path: path.path, line: 1, reason: "the run never started")
        }
        let recipe = folder.appending(path: "recipe.yaml")
        func text(_ key: String) -> String { start[key]?.stringValue ?? "" }
        registration = RunRegistration(
            title: text("name"), method: text("method"), model: text("model"),
            folder: folder.path,
            recipe: (try? String(contentsOf: recipe, encoding: .utf8)) ?? "", rewards: [])
        description = RunDescription(
            name: text("name"), method: text("method"), model: text("model"),
            output: folder.path, totalSteps: start["total_steps"]?.intValue ?? lastStep,
            resumedFrom: 0,
            facts: (start["facts"]?.objectValue ?? [:]).map {
                ($0.key, $0.value.stringValue ?? "")
            })
        startedAt = (try? Date(text("time"), strategy: .iso8601)) ?? Date()
        self.lastStep = lastStep
    }
}
