import Foundation
import HoneCore

/// A Parquet or Arrow file, which pyarrow turns into JSON lines once.
///
/// Training reads rows in any order, which columns packed in batches do not allow; so the rows are
/// written out, under a name made of the file's path, size and time of change, and found again the next
/// time. pyarrow's process holds one batch of rows at a time.
struct ColumnarFile {
    let path: String
    let format: DatasetConfig.Format
    let cache: DatasetCache
    /// The interpreter that has pyarrow; `nil` for the usual one.
    var python: String?

    /// The rows as JSON lines, converted if they were not before. Errors name the original and count its
    /// rows as lines.
    func source(_ holding: DataFile.Holding = .open) throws(DatasetError) -> JSONLinesSource {
        let original = try DataFile(path: path, holding: .closed)
        let converted = cache.file(for: original)
        if !FileManager.default.fileExists(atPath: converted.path) {
            cache.prune()
            try convert(to: converted)
        }
        cache.noteUse(of: converted)
        return JSONLinesSource(
            try DataFile(path: converted.path, holding: holding), path: path)
    }

    private func convert(to target: URL) throws(DatasetError) {
        do {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw .unconverted(path: path, reason: "it cannot be kept as JSON lines: \(error)")
        }
        try PyArrowProcess(python: python).make(target, about: path) { partial in
            ["read", format.rawValue, path, partial]
        }
    }
}
