import Foundation

/// Names one process so that another can tell later whether it still lives.
///
/// A process id alone is used again by the system; with the time at which the process started it is
/// not.
struct ProcessMark: Hashable, Sendable {
    let host: String
    let identifier: Int32
    /// In clock ticks since the machine started; empty where the system does not tell.
    let start: String

    static var current: ProcessMark {
        let identifier = ProcessInfo.processInfo.processIdentifier
        return ProcessMark(
            host: ProcessInfo.processInfo.hostName, identifier: identifier,
            start: startTime(of: identifier))
    }

    private init(host: String, identifier: Int32, start: String) {
        self.host = host
        self.identifier = identifier
        self.start = start
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let identifier = Int32(parts[1]) else { return nil }
        self.init(host: String(parts[0]), identifier: identifier, start: String(parts[2]))
    }

    var text: String { "\(host) \(identifier) \(start)" }

    /// Whether the process still lives; of another machine's nothing is known, so it counts as alive.
    var isAlive: Bool {
        guard host == ProcessInfo.processInfo.hostName else { return true }
        guard kill(identifier, 0) == 0 || errno == EPERM else { return false }
        return Self.startTime(of: identifier) == start
    }

    /// The 22nd field of `/proc/PID/stat`, after the name in brackets, which may hold blanks.
    private static func startTime(of identifier: Int32) -> String {
        guard
            let stat = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
            let bracket = stat.lastIndex(of: ")")
        else { return "" }
        let fields = stat[bracket...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : ""
    }
}
