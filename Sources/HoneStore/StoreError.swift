import GRDB

/// What can be wrong with the store.
public enum StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file is not a database, or a part of it cannot be read.
    case corrupted(path: String, reason: String)
    /// A newer Hone has changed the file; this one knows none of `migrations`.
    case newer(path: String, migrations: [String])
    /// Another program held the store for longer than the time allowed.
    case busy(path: String)
    case unwritable(path: String, reason: String)
    case absent(path: String)
    case noSuchRun(name: String, known: [String])
    case ambiguousRun(name: String, candidates: [String])
    /// A process that still lives writes to the run.
    case running(name: String)
    case badCursor(text: String)
    case badRecord(path: String, line: Int, reason: String)
    case query(sql: String, reason: String)

    public var description: String {
        switch self {
        case .corrupted(let path, let reason):
            "\(path) is damaged (\(reason)); `hone runs repair` puts it aside and makes it anew from "
                + "the runs' folders"
        case .newer(let path, let migrations):
            "\(path) was changed by a newer Hone (\(migrations.joined(separator: ", "))); use that one, "
                + "name another folder with --home, or let `hone runs repair` put it aside and make it "
                + "anew from the runs' folders"
        case .busy(let path):
            "\(path) is held by another program; try again when it has ended"
        case .unwritable(let path, let reason):
            "\(path) could not be written: \(reason); free some space, or name another folder with "
                + "--home"
        case .absent(let path):
            "\(path): there is no store yet; `hone train` makes one, `hone runs repair FOLDER` takes in "
                + "the folder of a run, and --home names another place"
        case .noSuchRun(let name, let known):
            "there is no run \"\(name)\"; "
                + (known.isEmpty ? "the store is empty" : "known: \(known.joined(separator: ", "))")
        case .ambiguousRun(let name, let candidates):
            "\"\(name)\" could be \(candidates.joined(separator: " or ")); write more of the name"
        case .running(let name):
            "\(name) is being written by a process that still lives; stop it first"
        case .badCursor(let text):
            "\"\(text)\" is no cursor of a page in this order; take the last row's \"cursor\""
        case .badRecord(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .query(let sql, let reason): "the store refused \(sql): \(reason)"
        }
    }

    /// What `error` of the database at `path` means.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError:
            let reason = error.message ?? "\(error.resultCode)"
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                self = .corrupted(path: path, reason: reason)
            case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
            case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
                self = .unwritable(path: path, reason: reason)
            default: self = .query(sql: error.sql ?? "a statement", reason: reason)
            }
        default: self = .unwritable(path: path, reason: "\(error)")
        }
    }
}
