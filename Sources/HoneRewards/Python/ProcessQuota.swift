import Foundation

/// A bound on the processes and threads of a worker that the kernel keeps, for programs run by root.
///
/// `RLIMIT_NPROC` does not bind root, and counting processes from outside is too late where they double
/// every few milliseconds. So, where the control group for `pids` may be written, of version 1 or 2, a worker
/// gets one of its own. Elsewhere there is none. Others than root are bound by `RLIMIT_NPROC`.
final class ProcessQuota {
    private let folder: String

    private static let prefix = "hone-"

    /// A group for at most `limit` processes; `nil` where none is needed or can be made.
    init?(limit: Int) {
        #if os(Linux)
            guard geteuid() == 0 else { return nil }
            let membership =
                (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
            let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
            for parent in Self.parents(membership: membership, mounts: mounts) {
                if let folder = Self.group(in: parent, limit: limit) {
                    self.folder = folder
                    return
                }
            }
            return nil
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

    /// A new group in `parent` for at most `limit` processes.
    private static func group(in parent: String, limit: Int) -> String? {
        guard access("\(parent)/cgroup.procs", W_OK) == 0 else { return nil }
        removeRemains(in: parent)
        let folder = "\(parent)/\(prefix)\(getpid())-\(UUID().uuidString.prefix(8))"
        guard mkdir(folder, 0o755) == 0 else { return nil }
        let bound = "\(folder)/pids.max"
        guard access(bound, W_OK) == 0, write("\(limit)\n", to: bound) else {
            rmdir(folder)
            return nil
        }
        return folder
    }

    private static func write(_ text: String, to path: String) -> Bool {
        (try? Data(text.utf8).write(to: URL(filePath: path))) != nil
    }

    /// Folders of groups that a new one may be made in, the best first: this process's own group and, in version 2,
    /// those above it, for a group that has processes passes no controllers on to groups below.
    /// - Parameters:
    ///   - membership: what `/proc/self/cgroup` says.
    ///   - mounts: what `/proc/self/mounts` says.
    static func parents(membership: String, mounts: String) -> [String] {
        var roots: (first: [String], second: [String]) = ([], [])
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3 else { continue }
            if fields[2] == "cgroup", fields[3].split(separator: ",").contains("pids") {
                roots.first.append(String(fields[1]))
            } else if fields[2] == "cgroup2" {
                roots.second.append(String(fields[1]))
            }
        }
        var found: [String] = []
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            // A path that leads out of the namespace names nothing here.
            guard fields.count == 3, !fields[2].hasPrefix("/..") else { continue }
            let steps = fields[2].split(separator: "/")
            func folder(_ root: String, _ count: Int) -> String {
                ([root] + steps.prefix(count).map(String.init)).joined(separator: "/")
            }
            if fields[1].split(separator: ",").contains("pids") {
                found += roots.first.map { folder($0, steps.count) }
            } else if fields[1].isEmpty {
                for root in roots.second {
                    found += (0...steps.count).reversed().map { folder(root, $0) }
                }
            }
        }
        return found
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
