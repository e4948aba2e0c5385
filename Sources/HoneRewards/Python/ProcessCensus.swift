import Foundation

/// Counts the processes that came from one: its descendants, and what stayed in its group.
///
/// The kernel's own limit (`RLIMIT_NPROC`) does not bind root and counts all of a user's processes
/// outside a sandbox, so a worker that forks without end is found by counting.
struct ProcessCensus {
    /// A row of the process table.
    struct Entry: Hashable {
        let identifier: Int32
        let parent: Int32
        let group: Int32
    }

    let entries: [Entry]

    /// The process table as it is now; empty where the system shows none under `/proc`.
    init() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        entries = names.compactMap { name in
            guard let identifier = Int32(name),
                let text = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .isoLatin1)
            else { return nil }
            return Entry(identifier: identifier, stat: text)
        }
    }

    init(_ entries: [Entry]) { self.entries = entries }

    /// How many processes descend from `root` or are of the group that it leads, itself among them.
    func count(from root: Int32) -> Int {
        let children = Dictionary(grouping: entries, by: \.parent)
        var found = Set(entries.filter { $0.group == root }.map(\.identifier))
        var waiting = [root]
        while let next = waiting.popLast() {
            found.insert(next)
            waiting += children[next, default: []].map(\.identifier)
        }
        return found.count
    }
}

extension ProcessCensus.Entry {
    /// Reads `pid (name) state ppid pgrp …`; the name may hold anything, parentheses too.
    fileprivate init?(identifier: Int32, stat: String) {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 2, let parent = Int32(fields[1]), let group = Int32(fields[2]) else {
            return nil
        }
        self.init(identifier: identifier, parent: parent, group: group)
    }
}
