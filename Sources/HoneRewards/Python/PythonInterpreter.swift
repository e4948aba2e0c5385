import Foundation

/// Finds the Python that runs reward functions.
public enum PythonInterpreter {
    /// The path of the interpreter: what the recipe declares, else the environment variable
    /// `HONE_PYTHON`, else `.deps/venv/bin/python` in the current folder or above the program, else the
    /// first `python3` on the `PATH`.
    /// - Throws: ``RewardError/interpreter(path:message:)`` where there is none.
    public static func locate(
        declared: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(RewardError) -> String {
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
        guard let path = search("python3", environment: environment) else {
            throw .interpreter(
                path: "python3",
                message:
                    "not found on the PATH; install Python 3.8 or newer, run Tools/setup, or set "
                    + "HONE_PYTHON")
        }
        return path
    }

    private static func resolve(
        _ name: String, source: String, environment: [String: String]
    ) throws(RewardError) -> String {
        let path = name.contains("/") ? name : search(name, environment: environment)
        guard let path, FileManager.default.isExecutableFile(atPath: path) else {
            throw .interpreter(path: name, message: "\(source) names no program that can be run")
        }
        return path
    }

    static func search(_ name: String, environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
