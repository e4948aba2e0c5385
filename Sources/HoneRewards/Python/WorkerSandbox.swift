import Foundation
import HoneCore

/// Keeps workers in bubblewrap: they see system folders, their interpreter and their reward files,
/// all read-only, an empty `/tmp` of their own, no other process and, unless granted, no network.
///
/// Binding the whole root read-only would still show the home folder, other runs and keys; so only
/// what a program needs to run is bound.
public struct WorkerSandbox: Sendable, Hashable {
    /// Path of `bwrap`.
    public var program: String
    /// Files and folders that are seen beside the system's.
    public var readable: [String]
    public var hasNetwork: Bool
    /// Where the worker starts.
    public var workingFolder: String

    /// Whether workers are sandboxed.
    public enum Policy: String, ConfigChoice {
        /// Where bubblewrap is installed and works; else the limits alone bind them.
        case automatic = "auto"
        case required, off
    }

    public init(
        program: String, readable: [String], hasNetwork: Bool = false, workingFolder: String = "/"
    ) {
        self.program = program
        self.readable = readable
        self.hasNetwork = hasNetwork
        self.workingFolder = workingFolder
    }

    /// The path of `bwrap`, if it is installed.
    public static func installed(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        PythonInterpreter.search("bwrap", environment: environment)
    }

    /// `launch` inside this sandbox.
    public func around(_ launch: WorkerLaunch) -> WorkerLaunch {
        var wrapped = launch
        wrapped.command = [program] + arguments + ["--"] + launch.command
        wrapped.isSandboxed = true
        return wrapped
    }

    private var arguments: [String] {
        var arguments = [
            "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        ]
        if hasNetwork { arguments.append("--share-net") }
        for folder in ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"] {
            // Where /usr is merged, /bin is a link into it and stays one.
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder) {
                arguments += ["--symlink", target, folder]
            } else {
                arguments += ["--ro-bind-try", folder, folder]
            }
        }
        for file in Self.systemFiles + (hasNetwork ? Self.networkFiles : []) {
            arguments += ["--ro-bind-try", file, file]
        }
        arguments += ["--proc", "/proc", "--dev", "/dev"]
        // Who is root outside may write these by the rights of a file's owner, without any capability:
        // settings of the whole machine, such as what is run when a program crashes.
        for place in ["/proc/sys", "/proc/sysrq-trigger", "/proc/mtrr"] {
            arguments += ["--ro-bind-try", place, place]
        }
        for (place, bytes) in [("/dev/shm", Self.sharedBytes), ("/tmp", Self.temporaryBytes)] {
            arguments += ["--size", String(bytes), "--tmpfs", place]
        }
        // After /tmp, which would hide what is bound below it.
        for path in readable where !path.hasPrefix("/usr/") {
            arguments += ["--ro-bind", path, path]
        }
        // What bubblewrap has put together is memory, too, and half of the machine's may go into it.
        return arguments + ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", workingFolder]
    }

    /// What `/dev/shm` holds at most; locks between processes are kept there.
    private static let sharedBytes = 64 << 20
    /// What `/tmp` holds at most; it is memory.
    private static let temporaryBytes = 256 << 20

    private static let systemFiles = [
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
        "/etc/localtime", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/mime.types",
    ]

    private static let networkFiles = [
        "/etc/resolv.conf", "/etc/hosts", "/etc/ssl", "/etc/ca-certificates", "/etc/pki",
    ]
}
