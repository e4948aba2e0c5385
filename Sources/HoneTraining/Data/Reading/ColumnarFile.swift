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
        let interpreter: String
        do throws(PythonSearchError) {
            interpreter = try PythonSearch.interpreter(declared: python)
        } catch {
            throw .unconverted(path: path, reason: "reading it needs pyarrow; \(error)")
        }
        let partial = target.appendingPathExtension(
            "\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString).partial")
        defer { try? FileManager.default.removeItem(at: partial) }
        do {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            let (code, errors) = try run(interpreter, writing: partial)
            switch code {
            case 0: break
            case 3:
                throw DatasetError.unconverted(
                    path: path,
                    reason:
                        "Parquet and Arrow files are read by pyarrow, which \(interpreter) does "
                        + "not have; run Tools/setup, or: \(interpreter) -m pip install pyarrow")
            default:
                let reason =
                    errors.split(separator: "\n").last.map(String.init) ?? "no reason given"
                throw DatasetError.unconverted(
                    path: path, reason: "pyarrow cannot read it: \(reason)")
            }
            // Whoever finds the name finds a whole file.
            guard rename(partial.path, target.path) == 0 else {
                throw DatasetError.unreadable(
                    path: target.path, reason: String(cString: strerror(errno)))
            }
        } catch let error as DatasetError {
            throw error
        } catch {
            throw .unconverted(path: path, reason: "it could not be converted: \(error)")
        }
    }

    /// Runs the helper to its end.
    /// - Returns: its exit code and what it wrote to standard error.
    private func run(_ interpreter: String, writing partial: URL) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(filePath: interpreter)
        let script = String(decoding: PackageResources.columnar_py, as: UTF8.self)
        process.arguments = [
            "-B", "-X", "utf8", "-c", script, format.rawValue, path, partial.path,
        ]
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let told = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let code = process.terminationReason == .exit ? process.terminationStatus : 4
        let text = String(decoding: told, as: UTF8.self)
        if process.terminationReason == .uncaughtSignal {
            return (code, text + "\nthe helper was ended by signal \(process.terminationStatus)")
        }
        return (code, text)
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
