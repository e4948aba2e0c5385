import Foundation
import HoneCore

/// How a worker process is started: the one place that knows, so that a sandbox can stand before it.
public struct WorkerLaunch: Sendable, Hashable {
    /// Program and arguments.
    public var command: [String]
    /// The whole environment of the process.
    public var environment: [String: String]
    public var limits: Limits
    /// The Python program, for error messages.
    public var interpreter: String
    /// Whether the command stands in a ``WorkerSandbox``. There the process has a namespace of its own
    /// and does not know us by our number.
    public internal(set) var isSandboxed = false

    /// What the worker binds itself to before it loads a reward file.
    public struct Limits: Sendable, Hashable {
        /// Address space in bytes.
        public var memory: Int
        /// Open files.
        public var files: Int
        /// Bytes that a file may grow to.
        public var fileSize: Int
        /// Processes alive at once, the worker and what started it among them.
        public var processes: Int

        public init(
            memory: Int = 4 << 30, files: Int = 256, fileSize: Int = 256 << 20,
            processes: Int = 128
        ) {
            self.memory = memory
            self.files = files
            self.fileSize = fileSize
            self.processes = processes
        }
    }

    /// - Parameters:
    ///   - interpreter: path of the Python program.
    ///   - variables: names of environment variables handed on beside those every program needs.
    ///   - limits: what the worker binds itself to.
    ///   - inherited: the environment that variables are taken from.
    public init(
        interpreter: String, variables: [String] = [], limits: Limits = Limits(),
        inherited: [String: String] = ProcessInfo.processInfo.environment
    ) {
        let parts = [PackageResources.worker_limits_py, PackageResources.worker_py]
        let source = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n\n")
        // -B: no .pyc files beside the reward file. -X utf8: files open as UTF-8 whatever the locale.
        command = [interpreter, "-B", "-X", "utf8", "-c", source]
        self.limits = limits
        self.interpreter = interpreter
        var environment: [String: String] = [:]
        for name in Self.commonVariables + variables {
            if let value = inherited[name] { environment[name] = value }
        }
        for (name, value) in inherited where name.hasPrefix("LC_") || name.hasPrefix("PYENV_") {
            environment[name] = value
        }
        // The order of sets, and with it a reward that depends on it, is the same in every worker.
        environment["PYTHONHASHSEED"] = "0"
        // Workers run side by side; a numerical library in each would otherwise take every core.
        for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            environment[name] = environment[name] ?? "1"
        }
        self.environment = environment
    }

    private static let commonVariables = [
        "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV",
        "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    ]
}
