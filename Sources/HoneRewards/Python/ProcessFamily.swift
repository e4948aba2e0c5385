import Foundation

/// A process and its descendants, found by asking each for its children.
///
/// Cheaper than ``ProcessCensus``, which looks at all processes of the machine; a process that left its parent
/// outside of a sandbox is found only there.
struct ProcessFamily {
    let members: [Int32]

    /// The family of `root`; `nil` where the system does not tell children (Linux without `CONFIG_PROC_CHILDREN`).
    /// - Parameter most: larger families are not counted to the end.
    init?(of root: Int32, most: Int) {
        #if os(Linux)
            var members = [root]
            var next = 0
            while next < members.count, members.count <= most {
                guard let children = Self.children(of: members[next]) else {
                    // It may have ended; the first one is only asked as long as it is there.
                    if next == 0 { return nil }
                    next += 1
                    continue
                }
                members += children
                next += 1
            }
            self.members = members
        #else
            return nil
        #endif
    }

    /// Children of any of the process's threads.
    private static func children(of process: Int32) -> [Int32]? {
        let folder = "/proc/\(process)/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return nil
        }
        var found: [Int32] = []
        var isTold = false
        for thread in threads {
            guard
                let text = try? String(
                    contentsOfFile: "\(folder)/\(thread)/children", encoding: .utf8)
            else { continue }
            isTold = true
            found += text.split(separator: " ").compactMap { Int32($0) }
        }
        return isTold ? found : nil
    }

    /// Bytes of memory that they hold together and nobody else does; what they share counts once.
    /// - Parameter limit: nearer figures are found out only where a rough one is beyond it.
    func memory(beyond limit: Int) -> Int? {
        let rough =
            members.reduce(0) { $0 + Self.privatePages($1) } * Int(sysconf(Int32(_SC_PAGESIZE)))
        guard rough > limit else { return nil }
        let shares = members.reduce(0) { $0 + Self.proportionalBytes($1) }
        return shares > limit ? shares : nil
    }

    /// Pages in memory that are no file's. Those that a fork still shares with its parent count for both.
    private static func privatePages(_ process: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ").compactMap { Int($0) }
        return fields.count > 2 ? max(0, fields[1] - fields[2]) : 0
    }

    /// Memory that is no file's, each page divided by how many share it.
    private static func proportionalBytes(_ process: Int32) -> Int {
        let text =
            (try? String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("Pss_Anon:") {
            return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
        }
        return 0
    }
}
