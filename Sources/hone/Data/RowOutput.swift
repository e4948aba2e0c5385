import ArgumentParser
import Foundation
import HoneTraining

/// A file that appears under its name when it is whole, or standard output.
final class RowOutput {
    private let path: String?
    private let partial: String?
    private let format: DatasetExport.Format
    private let handle: FileHandle
    private var buffer: [UInt8] = []

    init(_ path: String, _ format: DatasetExport.Format) throws {
        self.format = format
        guard path != "-" else {
            (self.path, partial, handle) = (nil, nil, .standardOutput)
            return
        }
        let partial = path + ".partial"
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let handle = FileHandle(forWritingAtPath: partial)
        else {
            throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        (self.path, self.partial, self.handle) = (path, partial, handle)
    }

    func write(_ text: String) throws(DatasetError) {
        buffer += text.utf8
        if buffer.count >= 1 << 16 { try flush() }
    }

    private func flush() throws(DatasetError) {
        do {
            try handle.write(contentsOf: Data(buffer))
        } catch {
            throw .unreadable(
                path: path ?? "standard output", reason: "writing failed: \(error)")
        }
        buffer.removeAll(keepingCapacity: true)
    }

    func finish() throws(DatasetError) {
        try flush()
        guard let path, let partial else { return }
        if format == .parquet {
            try ParquetFile.write(URL(filePath: partial), to: URL(filePath: path))
            discard()
            return
        }
        guard rename(partial, path) == 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
    }

    func discard() {
        if let partial { try? FileManager.default.removeItem(atPath: partial) }
    }
}
