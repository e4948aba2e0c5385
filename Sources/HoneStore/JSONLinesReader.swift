import Foundation
import HoneCore

/// The objects of a file with a JSON object a line, one at a time.
///
/// A last line without its newline is what a process left that was killed while writing; it is no line.
struct JSONLinesReader {
    private let handle: FileHandle
    private let path: String
    private var buffer: [UInt8] = []
    private var position = 0
    private var line = 0

    /// Opens the file; nil where there is none.
    init?(_ url: URL) {
        guard let handle = FileHandle(forReadingAtPath: url.path) else { return nil }
        self.handle = handle
        path = url.path
    }

    /// The next object, or nil at the end.
    mutating func next() throws(StoreError) -> JSONObject? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let bytes = Array(buffer[position..<end])
                position = end + 1
                line += 1
                return try object(bytes)
            }
            buffer.removeSubrange(..<position)
            position = 0
            searched = buffer.count
            let more: Data?
            do { more = try handle.read(upToCount: 1 << 18) } catch {
                throw .badRecord(path: path, line: line + 1, reason: "\(error)")
            }
            guard let more, !more.isEmpty else { return nil }
            buffer.append(contentsOf: more)
        }
    }

    private func object(_ bytes: [UInt8]) throws(StoreError) -> JSONObject {
        do {
            guard let object = try JSONValue(parsing: bytes).objectValue else {
                throw StoreError.badRecord(path: path, line: line, reason: "this is no JSON object")
            }
            return object
        } catch {
            throw .badRecord(path: path, line: line, reason: "\(error)")
        }
    }
}
