import Foundation

/// The folder in which Hone keeps its state: the store, and the runs that name no folder of their own.
///
/// ```
/// .hone/
///   store.sqlite       the record of every run (with -wal and -shm beside it while in use)
///   store.lock         held while the store is opened, migrated or repaired
///   runs/NAME/         artifacts: checkpoints, adapters, the run's own JSON lines
/// ```
public struct StoreHome: Sendable, Hashable {
    public let folder: URL

    public var database: URL { folder.appending(path: "store.sqlite") }
    public var lock: URL { folder.appending(path: "store.lock") }
    public var runs: URL { folder.appending(path: "runs") }

    public init(_ folder: URL) { self.folder = folder }

    /// The folder that `option` names, else the environment variable `HONE_HOME`, else `.hone` in the
    /// current folder.
    public init(
        option: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        let named = option ?? environment["HONE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        self.init(URL(filePath: named ?? ".hone").absoluteURL.standardizedFileURL)
    }
}
