import Foundation

/// A file that only grows, a JSON document a line.
///
/// Each call writes its lines with one system call, so a process killed at any instant leaves at most
/// one unfinished line at the end, and ``cut(to:)`` takes that away when the run is resumed. Lines go to the
/// end of the file as it then is, so programs that share one do not write over each other's.
public struct JSONLinesFile: Sendable {
    public let url: URL
    private let handle: FileHandle

    /// That a file could not be written, and why.
    public struct WriteError: Error, Sendable, Hashable, CustomStringConvertible {
        public var path: String
        public var reason: String

        public var description: String {
            "\(path) could not be written: \(reason); what was there before is untouched"
        }
    }

    /// Opens the file at its end; makes it if it is not there.
    /// - Throws: ``WriteError``, or Foundation's error where it cannot be opened.
    public init(_ url: URL) throws {
        self.url = url
        if !FileManager.default.fileExists(atPath: url.path) {
            guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
                throw WriteError(path: url.path, reason: "cannot create the file")
            }
        }
        handle = try FileHandle(forUpdating: url)
        guard fcntl(handle.fileDescriptor, F_SETFL, O_APPEND) == 0 else {
            throw WriteError(path: url.path, reason: String(cString: strerror(errno)))
        }
        try handle.seekToEnd()
    }

    /// Bytes written so far.
    public func length() throws -> UInt64 { try handle.offset() }

    /// Appends a line a row, or nothing.
    /// - Throws: ``WriteError``.
    public func append(_ rows: [JSONValue]) throws {
        guard !rows.isEmpty else { return }
        let text = rows.map { $0.text() + "\n" }.joined()
        let before = try handle.seekToEnd()
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            // A full disk may have taken a part of the lines; whoever reads the file shall not see it.
            // Should that fail too, the first error is the one to tell.
            try? cut(to: before)
            throw WriteError(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Ends a line that a crash cut short, so that it does not swallow the next one.
    public func endLine() throws {
        let size = try handle.seekToEnd()
        guard size > 0 else { return }
        try handle.seek(toOffset: size - 1)
        let last = try handle.read(upToCount: 1)
        if last != Data("\n".utf8) { try handle.write(contentsOf: Data("\n".utf8)) }
    }

    /// Makes what was appended survive a power cut.
    public func synchronize() throws { try handle.synchronize() }

    /// Drops everything after the first `length` bytes.
    public func cut(to length: UInt64) throws {
        try handle.truncate(atOffset: length)
        try handle.seekToEnd()
    }
}
