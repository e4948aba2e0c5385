import Foundation

/// A bound on the processes and threads of a worker that the kernel keeps, for programs run by root.
///
/// `RLIMIT_NPROC` does not bind root, and counting processes from outside is too late where they double
/// every few milliseconds. So, where the control group for `pids` may be written, a worker gets one of
/// its own. Elsewhere there is none.
final class ProcessQuota {
    private let folder: String

    private static let prefix = "hone-"

    /// A group for at most `limit` processes; `nil` where none is needed or can be made.
    init?(limit: Int) {
        #if os(Linux)
            guard geteuid() == 0, let parent = Self.parent else { return nil }
            Self.removeRemains(in: parent)
            folder = "\(parent)/\(Self.prefix)\(getpid())-\(UUID().uuidString.prefix(8))"
            guard mkdir(folder, 0o755) == 0 else { return nil }
            let bound = "\(folder)/pids.max"
            guard access(bound, W_OK) == 0,
                (try? Data("\(limit)\n".utf8).write(to: URL(filePath: bound))) != nil
            else {
                rmdir(folder)
                return nil
            }
        #else
            return nil
        #endif
    }

    /// `command` as a member of the group: it joins before it is run.
    func around(_ command: [String]) -> [String] {
        ["/bin/sh", "-c", "echo $$ > \"$0/cgroup.procs\"; exec \"$@\"", folder] + command
    }

    /// Removes the group, whose processes were killed. The kernel may take a moment to forget them.
    func remove() {
        for _ in 0..<200 where rmdir(folder) != 0 && errno == EBUSY { usleep(1000) }
    }

    /// The folder of this process's own group.
    private static var parent: String? {
        let lines = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let root = fields[1] == "pids" ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup"
            guard fields[1] == "pids" || fields[1].isEmpty else { continue }
            let folder = fields[2] == "/" ? root : root + fields[2]
            if access("\(folder)/cgroup.procs", W_OK) == 0 { return folder }
        }
        return nil
    }

    /// Removes what a program that was killed left. A group that is in use cannot be removed.
    private static func removeRemains(in parent: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let owner = name.dropFirst(prefix.count).prefix { $0.isNumber }
            guard let identifier = pid_t(owner), kill(identifier, 0) != 0, errno == ESRCH else {
                continue
            }
            rmdir("\(parent)/\(name)")
        }
    }
}
