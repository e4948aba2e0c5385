import Foundation
import HoneCore

/// The Python process that reads and writes Parquet and Arrow files with pyarrow.
struct PyArrowProcess {
    /// The interpreter that has pyarrow; `nil` for the usual one.
    var python: String?

    /// Makes the file `target`: whoever finds the name finds a whole file.
    /// - Parameters:
    ///   - target: in a folder that is there.
    ///   - path: the file that errors speak of.
    ///   - arguments: of the script, for the name under which the file is begun.
    /// - Throws: ``DatasetError/unconverted(path:reason:)``.
    func make(
        _ target: URL, about path: String, arguments: (_ partial: String) -> [String]
    ) throws(DatasetError) {
        let interpreter: String
        do throws(PythonSearchError) {
            interpreter = try PythonSearch.interpreter(declared: python)
        } catch {
            throw .unconverted(path: path, reason: "Parquet and Arrow need pyarrow; \(error)")
        }
        let partial = target.appendingPathExtension("\(UUID().uuidString).partial")
        defer { try? FileManager.default.removeItem(at: partial) }
        let ending: Ending
        do {
            ending = try run(interpreter, arguments(partial.path))
        } catch {
            throw .unconverted(path: path, reason: "\(interpreter) could not be run: \(error)")
        }
        switch ending.code {
        case 0: break
        case 3:
            throw .unconverted(
                path: path,
                reason:
                    "Parquet and Arrow files are the work of pyarrow, which \(interpreter) does "
                    + "not have; run Tools/setup, or: \(interpreter) -m pip install pyarrow")
        default:
            let reason = ending.errors.split(separator: "\n").last.map(String.init)
            throw .unconverted(path: path, reason: "pyarrow: \(reason ?? "no reason given")")
        }
        guard rename(partial.path, target.path) == 0 else {
            throw .unreadable(path: target.path, reason: String(cString: strerror(errno)))
        }
    }

    /// How the process ended.
    private struct Ending {
        var code: Int32
        /// What it wrote to standard error.
        var errors: String
    }

    private func run(_ interpreter: String, _ arguments: [String]) throws -> Ending {
        let process = Process()
        process.executableURL = URL(filePath: interpreter)
        let script = String(decoding: PackageResources.columnar_py, as: UTF8.self)
        process.arguments = ["-B", "-X", "utf8", "-c", script] + arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let told = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: told, as: UTF8.self)
        guard process.terminationReason == .exit else {
            return Ending(code: 4, errors: "ended by signal \(process.terminationStatus)")
        }
        return Ending(code: process.terminationStatus, errors: text)
    }
}
