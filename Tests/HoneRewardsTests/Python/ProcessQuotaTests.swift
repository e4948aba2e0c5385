import Foundation
import Testing

@testable import HoneRewards

/// Where groups of processes are bounded, and how processes are found.
@Suite struct ProcessQuotaTests {
    @Test func versionOneHasAHierarchyForProcesses() {
        let mounts = """
            cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
            cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
            """
        #expect(
            ProcessQuota.parents(membership: "9:pids:/a/b\n1:cpu:/\n", mounts: mounts)
                == ["/sys/fs/cgroup/pids/a/b"])
        #expect(
            ProcessQuota.parents(membership: "8:pids:/\n0::/\n", mounts: mounts)
                == ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"])
    }

    /// There the group of a session has processes and passes nothing on; one above it does.
    @Test func versionTwoIsSearchedUpwards() {
        let mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
        #expect(
            ProcessQuota.parents(
                membership: "0::/user.slice/user-0.slice/session-1.scope\n", mounts: mounts) == [
                    "/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope",
                    "/sys/fs/cgroup/user.slice/user-0.slice", "/sys/fs/cgroup/user.slice",
                    "/sys/fs/cgroup",
                ])
        #expect(ProcessQuota.parents(membership: "0::/../other\n", mounts: mounts).isEmpty)
        #expect(ProcessQuota.parents(membership: "", mounts: mounts).isEmpty)
        #expect(ProcessQuota.parents(membership: "0::/\n", mounts: "").isEmpty)
    }

    #if os(Linux)
        @Test func aFamilyIsFoundThroughItsChildren() throws {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", "sleep 60 & sleep 60 & wait"]
            try process.run()
            // A thread of the pool passes its mask of signals on, in which SIGTERM and SIGCHLD are blocked: a
            // polite word would not end the shell, nor its children's end, and it would hold our output open.
            defer { kill(process.processIdentifier, SIGKILL) }
            var count = 0
            for _ in 0..<500 where count < 3 {
                count = ProcessFamily(of: process.processIdentifier, most: 10)?.members.count ?? 0
                usleep(10_000)
            }
            #expect(count == 3)
            let family = try #require(ProcessFamily(of: process.processIdentifier, most: 10))
            #expect(family.memory(beyond: 1 << 30) == nil)
            for child in family.members.dropFirst() { kill(child, SIGKILL) }
        }
    #endif
}
