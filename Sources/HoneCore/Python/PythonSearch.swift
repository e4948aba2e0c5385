import Foundation

/// Finds the Python program that works beside us.
public enum PythonSearch {
    /// The path of the interpreter: what is declared, else the environment variable `HONE_PYTHON`, else
    /// `.deps/venv/bin/python` in the current folder or above the program, else the first `python3` on
    /// the `PATH`.
    /// - Throws: ``PythonSearchError`` where there is none.
    public static func interpreter(
        declared: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(PythonSearchError) -> String {
        if let declared {
            return try resolve(declared, source: "the recipe's python:", environment: environment)
        }
        if let named = environment["HONE_PYTHON"], !named.isEmpty {
            return try resolve(named, source: "HONE_PYTHON", environment: environment)
        }
        let files = FileManager.default
        var folders = [URL(filePath: files.currentDirectoryPath)]
        if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
            // `.build/release/hone` lies two folders or three below the checkout.
            var folder = program.deletingLastPathComponent()
            for _ in 0..<4 {
                folders.append(folder)
                folder.deleteLastPathComponent()
            }
        }
        for folder in folders {
            let path = folder.appending(path: ".deps/venv/bin/python").path
            if files.isExecutableFile(atPath: path) { return path }
        }
        guard let path = program("python3", environment: environment) else {
            throw PythonSearchError(
                name: "python3",
                message:
                    "not found on the PATH; install Python 3.8 or newer, run Tools/setup, or set "
                    + "HONE_PYTHON")
        }
        return path
    }

    private static func resolve(
        _ name: String, source: String, environment: [String: String]
    ) throws(PythonSearchError) -> String {
        let path = name.contains("/") ? name : program(name, environment: environment)
        guard let path, FileManager.default.isExecutableFile(atPath: path) else {
            throw PythonSearchError(
                name: name, message: "\(source) names no program that can be run")
        }
        return path
    }

    /// The first program called `name` on the `PATH` of `environment`; `nil` where there is none.
    public static func program(_ name: String, environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// No Python, or one that cannot be run.
public struct PythonSearchError: Error, Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var message: String

    public var description: String { "Python (\(name)): \(message)" }
}
