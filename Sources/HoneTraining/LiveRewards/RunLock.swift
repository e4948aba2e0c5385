import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Says whether a process is training a run. The kernel gives the lock back when that process ends,
/// however it ends.
public struct RunLock: Sendable {
    private let path: String

    /// - Parameter run: the run's folder.
    public init(_ run: RunFolder) { path = run.rewards.appending(path: "process").path }

    /// Held as long as this value lives.
    public final class Held: Sendable {
        private let descriptor: Int32

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }
    }

    /// Takes the lock for this process.
    /// - Throws: ``RunFolderError/inUse(path:)`` when another process trains the run.
    public func take() throws -> Held {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Closed in children: a reward function that outlives its run does not keep it alive.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw RunFolderError.write(path: path, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RunFolderError.inUse(path: folder.deletingLastPathComponent().path)
        }
        return Held(descriptor)
    }

    /// Whether another process trains the run now.
    public var isHeldByAnother: Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
