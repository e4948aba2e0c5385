import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A Python environment with the packages that reward functions declare: made once, kept, and used
/// by every run that declares the same.
///
/// It lies in a folder named by interpreter and packages. A mark is written last, so that one whose
/// making was killed is made anew; a lock keeps two runs from making the same one at once.
struct PythonEnvironment: Sendable {
    /// The interpreter that the environment is made with.
    let interpreter: String
    /// As pip takes them: `numpy`, `numpy==2.1`, `./local.whl`.
    let packages: [String]
    /// Where relative paths among the packages begin.
    let workingFolder: URL
    /// Where environments are kept.
    let root: URL

    /// What `make(tell:)` will make or has made.
    var folder: URL { root.appending(path: "python-\(digest)") }
    /// The environment's own interpreter.
    var python: String { folder.appending(path: "bin/python").path }

    private var mark: URL { folder.appending(path: "hone-ready") }
    private var isReady: Bool { FileManager.default.fileExists(atPath: mark.path) }

    /// Makes the environment unless it is there; returns its interpreter.
    /// - Parameter tell: told before the work begins, which may take minutes.
    /// - Throws: ``RewardError/environment(packages:message:output:)`` with all that pip said.
    func make(tell: @Sendable (String) -> Void) throws(RewardError) -> String {
        if isReady { return python }
        let files = FileManager.default
        do {
            try files.createDirectory(at: root, withIntermediateDirectories: true)
        } catch {
            throw failure("\(root.path) cannot be made: \(error.localizedDescription)", "")
        }
        let lock = open(root.appending(path: "python-\(digest).lock").path, O_CREAT | O_RDWR, 0o644)
        guard lock >= 0 else {
            throw failure("\(root.path) cannot be written: \(String(cString: strerror(errno)))", "")
        }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0, errno == EINTR {}
        if isReady { return python }
        tell("making a Python environment with \(packages.joined(separator: ", "))")
        try? files.removeItem(at: folder)
        try step("cannot be made", [interpreter, "-m", "venv", folder.path])
        try step(
            "cannot be filled",
            [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"] + packages
        )
        guard files.createFile(atPath: mark.path, contents: nil) else {
            throw failure("\(mark.path) cannot be written", "")
        }
        return python
    }

    /// Runs a program to its end. What it says goes to a file: a pipe that nobody empties would stop it.
    private func step(_ problem: String, _ command: [String]) throws(RewardError) {
        let log = root.appending(path: "python-\(digest).log")
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = workingFolder
        process.standardInput = FileHandle.nullDevice
        do {
            try Data().write(to: log)
            let output = try FileHandle(forWritingTo: log)
            defer { try? output.close() }
            process.standardOutput = output
            process.standardError = output
            try process.run()
        } catch {
            throw failure("\(problem): \(error.localizedDescription)", "")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let output = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            throw failure("\(problem) (exit code \(process.terminationStatus))", output)
        }
    }

    private func failure(_ message: String, _ output: String) -> RewardError {
        .environment(packages: packages, message: message, output: output)
    }

    /// FNV-1a over what the environment depends on: the same for the same declaration, on every day.
    private var digest: String {
        let parts = [interpreter, workingFolder.path] + packages.sorted()
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in parts.joined(separator: "\n").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}
