import Foundation

/// The built `hone`, run as a user runs it.
public struct HoneProgram: Sendable {
    /// How a run of the program ended.
    public struct Outcome: Sendable {
        public var exitCode: Int32
        public var output: String
        public var errors: String
    }

    /// Beside the test bundle, where the build put both.
    public static let url = Bundle.main.bundleURL.appending(path: "hone")

    /// Runs `hone` with `arguments` to its end.
    /// - Parameters:
    ///   - input: what standard input holds.
    ///   - seconds: after which it is killed; the exit code is then that of the signal.
    ///   - environment: variables that it has besides ours. Without `HONE_HOME` among them that is
    ///     `.hone` in `folder` if this is a temporary one, else a folder that goes away with the program.
    ///   - fileSizeLimit: bytes that a file may grow to, a multiple of 512; beyond it writing fails.
    public static func run(
        _ arguments: [String], input: String = "", folder: URL? = nil,
        seconds: Double = 120, environment: [String: String] = [:], fileSizeLimit: Int? = nil
    ) async throws -> Outcome {
        let started = try start(
            arguments, input: input, folder: folder, environment: environment,
            fileSizeLimit: fileSizeLimit)
        return try await started.outcome(within: seconds)
    }

    /// Starts `hone` and returns at once.
    public static func start(
        _ arguments: [String], input: String = "", folder: URL? = nil,
        environment: [String: String] = [:], fileSizeLimit: Int? = nil
    ) throws -> Started {
        // Files rather than pipes: a full pipe would stop the program.
        let scratch = FileManager.default.temporaryDirectory.appending(
            path: "hone-program-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        func file(_ name: String, _ contents: String) throws -> URL {
            let url = scratch.appending(path: name)
            try Data(contents.utf8).write(to: url)
            return url
        }
        let process = Process()
        if let fileSizeLimit {
            // The shell of POSIX counts in blocks of 512 bytes.
            process.executableURL = URL(filePath: "/bin/sh")
            let script = "ulimit -f \(fileSizeLimit / 512) && exec \"$0\" \"$@\""
            process.arguments = ["-c", script, url.path] + arguments
        } else {
            process.executableURL = url
            process.arguments = arguments
        }
        process.currentDirectoryURL = folder
        // Tests never write to the user's store, nor to one in the package's folder.
        let temporary = FileManager.default.temporaryDirectory.path
        let home =
            folder.flatMap { $0.path.hasPrefix(temporary) ? $0.appending(path: ".hone") : nil }
            ?? scratch.appending(path: "home")
        let own = ["HONE_HOME": home.path]
        process.environment = ProcessInfo.processInfo.environment.merging(own) { $1 }
            .merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: file("input", input))
        process.standardOutput = try FileHandle(forWritingTo: file("output", ""))
        process.standardError = try FileHandle(forWritingTo: file("errors", ""))
        try process.run()
        return Started(process: process, scratch: scratch)
    }

    /// A run of the program that may still go on.
    public struct Started: @unchecked Sendable {
        // Foundation's Process may be asked from any thread; it guards its state by itself.
        let process: Process
        let scratch: URL

        /// Ends it as `kill -9` does.
        public func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

        /// Ends it as `kill -9` does at the moment `condition` holds.
        public func kill(when condition: @escaping @Sendable () -> Bool) async {
            let process = process
            await Lookout.act(when: { !process.isRunning || condition() }) { kill() }
        }

        public var isRunning: Bool { process.isRunning }

        /// What it has written to standard output so far.
        public var output: String { text("output") }

        /// Waits for the end.
        public func outcome(within seconds: Double = 120) async throws -> Outcome {
            let deadline = ContinuousClock.now + .seconds(seconds)
            while process.isRunning {
                if ContinuousClock.now > deadline { kill() }
                try await Task.sleep(for: .milliseconds(5))
            }
            defer { try? FileManager.default.removeItem(at: scratch) }
            return Outcome(
                exitCode: process.terminationStatus, output: text("output"),
                errors: text("errors"))
        }

        private func text(_ name: String) -> String {
            (try? String(contentsOf: scratch.appending(path: name), encoding: .utf8)) ?? ""
        }
    }
}
