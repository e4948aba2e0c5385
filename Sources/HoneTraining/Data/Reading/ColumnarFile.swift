import Foundation
import HoneCore

/// A Parquet or Arrow file, which pyarrow turns into JSON lines once.
///
/// Training reads rows in any order, which columns packed in batches do not allow; so the rows are
/// written out, under a name made of the file's path, size and time of change, and found again the next
/// time. The helper process holds one batch of rows at a time.
struct ColumnarFile {
    let path: String
    let format: DatasetConfig.Format
    let cache: DatasetCache
    /// The interpreter that has pyarrow; `nil` for the usual one.
    var python: String?

    /// The rows as JSON lines, converted if they were not before. Errors name the original and count its
    /// rows as lines.
    func source() throws(DatasetError) -> JSONLinesSource {
        let original = try DataFile(path: path)
        let converted = cache.file(for: original)
        if !FileManager.default.fileExists(atPath: converted.path) {
            try convert(to: converted)
        }
        return JSONLinesSource(try DataFile(path: converted.path), path: path)
    }

    private func convert(to target: URL) throws(DatasetError) {
        do {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw .unconverted(path: path, reason: "it cannot be kept as JSON lines: \(error)")
        }
        try ColumnarHelper(python: python).make(target, about: path) { partial in
            ["read", format.rawValue, path, partial]
        }
    }
}

/// Where converted datasets are kept: `cache/datasets` in Hone's folder (`HONE_HOME`, or `.hone` in the
/// working directory). A file there may be deleted at any time that no run uses it.
struct DatasetCache {
    var folder: URL

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let home = environment["HONE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? ".hone"
        folder = URL(filePath: home).appending(path: "cache/datasets")
    }

    /// The place of what is made of `original`.
    func file(for original: DataFile) -> URL {
        // The last number goes up when the helper writes something else for the same file.
        let facts =
            [URL(filePath: original.path).standardizedFileURL.path]
            + (original.fingerprint + [1]).map(String.init)
        let mark = String(Fingerprint.of(facts.joined(separator: "\n")), radix: 16)
        let name = URL(filePath: original.path).deletingPathExtension().lastPathComponent
        return folder.appending(path: "\(name)-\(mark).jsonl")
    }
}
