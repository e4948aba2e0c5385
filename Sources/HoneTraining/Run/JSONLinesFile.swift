import Foundation
import HoneCore

/// A file that only grows, a JSON document a line.
///
/// Each call writes its lines with one system call, so a process killed at any instant leaves at most
/// one unfinished line at the end, and ``cut(to:)`` takes that away when the run is resumed.
struct JSONLinesFile {
    let url: URL
    private let handle: FileHandle

    /// Opens the file at its end; makes it if it is not there.
    init(_ url: URL) throws {
        self.url = url
        if !FileManager.default.fileExists(atPath: url.path) {
            guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
                throw RunFolderError.write(path: url.path, reason: "cannot create the file")
            }
        }
        handle = try FileHandle(forWritingTo: url)
        try handle.seekToEnd()
    }

    /// Bytes written so far.
    func length() throws -> UInt64 { try handle.offset() }

    func append(_ rows: [JSONValue]) throws {
        guard !rows.isEmpty else { return }
        let text = rows.map { $0.text() + "\n" }.joined()
        let before = try handle.offset()
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            // A full disk may have taken a part of the lines; whoever reads the file shall not see it.
            // Should that fail too, the first error is the one to tell.
            try? cut(to: before)
            throw RunFolderError.write(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Makes what was appended survive a power cut.
    func synchronize() throws { try handle.synchronize() }

    /// Drops everything after the first `length` bytes.
    func cut(to length: UInt64) throws {
        try handle.truncate(atOffset: length)
        try handle.seekToEnd()
    }
}
