import Foundation
import HoneCore
import OrderedCollections

/// A file with one JSON object a line. Blank lines are skipped; a byte order mark too.
struct JSONLinesSource: RowSource {
    let file: DataFile
    let path: String

    /// - Parameter path: what errors call it, where that is not the file's own path.
    init(_ file: DataFile, path: String? = nil) {
        self.file = file
        self.path = path ?? file.path
    }

    func scanner() throws(DatasetError) -> any RecordScanner { try LineScanner(file) }

    func columns(of bytes: [UInt8], line: Int) throws(DatasetError.BadRow) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw DatasetError.BadRow(
                line: line, message: "not JSON: column \(error.column): \(error.message)")
        }
        return try value.rowColumns(line: line)
    }
}

/// Finds the lines of a file that are not blank.
struct LineScanner: RecordScanner {
    private var window: FileWindow
    private var line = 0
    private var isOver = false

    init(_ file: DataFile) throws(DatasetError) { window = try FileWindow(file) }

    mutating func next() throws(DatasetError) -> ScannedRecord? {
        while !isOver {
            guard let length = try lineLength() else { return nil }
            line += 1
            guard length <= RecordLimit.bytes else {
                isOver = true
                return .bad(RecordLimit.exceeded(line: line, remedy: "is it JSON lines?"))
            }
            let extent = RecordExtent(offset: window.offset, length: length, line: line)
            let bytes = window.prefix(length)
            window.take(min(length + 1, window.count))
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            return .record(extent, bytes)
        }
        return nil
    }

    /// Bytes up to the next line break or the end of the file; `nil` when nothing is left.
    private mutating func lineLength() throws(DatasetError) -> Int? {
        var searched = 0
        while true {
            if let length = Self.lineBreak(in: window, from: searched) { return length }
            searched = window.count
            if searched > RecordLimit.bytes { return searched }
            guard try window.extend() else { return searched > 0 ? searched : nil }
        }
    }

    /// Bytes before the first line break that lies `start` or more bytes ahead.
    private static func lineBreak(in window: FileWindow, from start: Int) -> Int? {
        window.bytes.withUnsafeBufferPointer { bytes in
            let from = window.taken + start
            guard let base = bytes.baseAddress, from < bytes.count,
                let found = memchr(base + from, 0x0A, bytes.count - from)
            else { return nil }
            return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found)) - window.taken
        }
    }
}

/// The longest record that is read: more is a quote or a bracket that was never closed.
enum RecordLimit {
    static let bytes = 64 << 20

    static func exceeded(line: Int, remedy: String) -> DatasetError.BadRow {
        DatasetError.BadRow(
            line: line, message: "the row is longer than \(bytes >> 20) MiB; \(remedy)")
    }
}
