import Foundation

/// The lines of a file as bytes, one at a time, so that rows from a pipe are answered as they come.
final class LineReader {
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// The number of the line read last, counted from 1.
    private(set) var number = 0

    init(_ handle: FileHandle) { self.handle = handle }

    /// The next line without its newline, or nil at the end.
    func next() throws -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = Array(buffer[position..<end])
                position = end + 1
                number += 1
                return line
            }
            if isAtEnd {
                guard position < buffer.count else { return nil }
                let line = Array(buffer[position...])
                position = buffer.count
                number += 1
                return line
            }
            buffer.removeSubrange(..<position)
            position = 0
            searched = buffer.count
            let more = try read()
            if more.isEmpty { isAtEnd = true } else { buffer.append(contentsOf: more) }
        }
    }

    /// What is there now, without waiting for more than that.
    private func read() throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(handle.fileDescriptor, &chunk, chunk.count)
            if count >= 0 { return Array(chunk[..<count]) }
            guard errno == EINTR else {
                throw RowStream.RowError("reading failed: \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// Lines on standard output, where results go.
enum StandardOutput {
    /// Writes `line` and a newline at once.
    static func write(line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

/// Lines on standard error, where all but results go.
enum StandardError {
    static func write(line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
