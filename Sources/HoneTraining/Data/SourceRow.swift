import Foundation
import HoneCore
import OrderedCollections

/// One row of a file before anything is made of it.
struct SourceRow {
    /// Where the row begins, from 1.
    var line: Int
    var columns: JSONObject
}

/// The rows of a file, or what is wrong with them, one after the other.
protocol RowSource {
    /// The next row; `nil` at the end.
    /// - Throws: ``DatasetError/BadRow`` for a row that cannot be read; the rows after it still can.
    mutating func next() throws(DatasetError.BadRow) -> SourceRow?
}

extension DatasetError.BadRow: Error {}

/// Opens the files of a dataset.
enum RowFile {
    /// The rows of the file at `path`.
    static func open(_ path: String, format: DatasetConfig.Format?) throws(DatasetError)
        -> any RowSource
    {
        guard let format = format ?? self.format(of: path) else {
            throw .unknownFormat(path: path)
        }
        let data: [UInt8]
        do {
            data = [UInt8](try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe))
        } catch {
            let reason =
                FileManager.default.fileExists(atPath: path)
                ? error.localizedDescription : "there is no such file"
            throw .unreadable(path: path, reason: reason)
        }
        return switch format {
        case .jsonl: JSONLinesSource(data)
        case .csv: CSVSource(data)
        }
    }

    static func format(of path: String) -> DatasetConfig.Format? {
        switch URL(filePath: path).pathExtension.lowercased() {
        case "jsonl", "ndjson": .jsonl
        case "csv": .csv
        default: nil
        }
    }
}
