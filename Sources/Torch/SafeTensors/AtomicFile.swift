import Foundation

/// A file that appears whole or not at all: written under another name in the same folder, flushed
/// to disk, then renamed.
final class AtomicFile {
    private let target: String
    private let temporary: String
    private let descriptor: Int32
    private var isCommitted = false

    init(replacing url: URL) throws(SafeTensorsError) {
        target = url.path(percentEncoded: false)
        temporary = target + ".partial-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .unwritable(path: target, reason: String(cString: strerror(errno)))
        }
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporary) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SafeTensorsError) {
        do {
            try Self.write(bytes, to: descriptor)
        } catch {
            throw failure(error)
        }
    }

    /// Puts the file in its place. After this the old content is gone and the new is on disk.
    func commit() throws(SafeTensorsError) {
        guard fsync(descriptor) == 0, rename(temporary, target) == 0 else {
            throw failure(WriteFailure(code: errno))
        }
        isCommitted = true
        // The rename itself lasts once the folder is flushed; a file system that cannot is no error.
        let folder = open(URL(filePath: target).deletingLastPathComponent().path, O_RDONLY)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// The system's reason for refusing bytes.
    struct WriteFailure: Error {
        var code: Int32

        var reason: String {
            code == ENOSPC || code == EDQUOT
                ? "the disk is full; free some space and try again"
                : String(cString: strerror(code))
        }
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
    ) throws(WriteFailure) {
        var rest = bytes
        while !rest.isEmpty {
            // Linux writes at most 2 GiB at once.
            #if canImport(Glibc)
                let written = Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            #else
                let written = Darwin.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw WriteFailure(code: errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    private func failure(_ error: WriteFailure) -> SafeTensorsError {
        .unwritable(path: target, reason: error.reason)
    }
}
