import Foundation

/// A lock between programs on the file at `url`: opening, migrating and repairing a store take turns.
///
/// The system releases it when the process ends, however it ends.
struct StoreLock: ~Copyable {
    private let descriptor: Int32

    /// Waits for the lock.
    init(_ url: URL) throws(StoreError) {
        let opened = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard opened >= 0 else {
            throw .unwritable(path: url.path, reason: String(cString: strerror(errno)))
        }
        while flock(opened, LOCK_EX) != 0 {
            guard errno == EINTR else {
                let reason = String(cString: strerror(errno))
                close(opened)
                throw .unwritable(path: url.path, reason: reason)
            }
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}
