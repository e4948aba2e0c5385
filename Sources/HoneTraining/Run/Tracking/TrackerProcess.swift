import Foundation
import HoneCore
import Synchronization

/// A Python process with a tracker's library: takes lines from a queue, answers with problems.
final class TrackerProcess: Sendable {
    private let process = Process()
    private let patience = Patience()

    /// Whether the process was given up, and its end is ours.
    private final class Patience: Sendable {
        private let state = Mutex(false)
        var isOver: Bool { state.withLock { $0 } }
        func end() { state.withLock { $0 = true } }
    }

    /// - Parameters:
    ///   - python: the interpreter.
    ///   - log: receives what the library prints.
    ///   - queue: where lines for it come from.
    ///   - onProblem: is told what it reports, from another thread.
    init(
        python: String, log: URL, queue: TrackerQueue,
        onProblem: @escaping @Sendable (String) -> Void
    ) throws {
        let files = FileManager.default
        try files.createDirectory(
            at: log.deletingLastPathComponent(), withIntermediateDirectories: true)
        if !files.fileExists(atPath: log.path) { try Data().write(to: log) }
        let errors = try FileHandle(forWritingTo: log)
        try errors.seekToEnd()

        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: python)
        let script = String(decoding: PackageResources.tracker_py, as: UTF8.self)
        process.arguments = ["-u", "-c", script]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()

        let writing = input.fileHandleForWriting
        Self.detach {
            while let lines = queue.next() {
                let data = Data(lines.map { $0 + "\n" }.joined().utf8)
                // Nobody reads any more: the process has said why, or says it in its log.
                guard (try? writing.write(contentsOf: data)) != nil else { break }
            }
            try? writing.close()
        }
        let (process, path, patience) = (process, log.path, patience)
        let reading = output.fileHandleForReading
        Self.detach {
            var pending = Data()
            while let data = try? reading.read(upToCount: 65_536), !data.isEmpty {
                pending += data
                while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = [UInt8](pending[pending.startIndex..<end])
                    pending = pending[(end + 1)...]
                    guard let answer = try? JSONValue(parsing: line) else { continue }
                    if let problem = answer["problem"]?.stringValue { onProblem(problem) }
                }
            }
            process.waitUntilExit()
            let status = process.terminationStatus
            switch process.terminationReason {
            case .exit where status == 0: break
            case .uncaughtSignal where status == SIGKILL && patience.isOver: break
            case .uncaughtSignal:
                onProblem(
                    "its process was ended by signal \(status); the run goes on without it")
            default: onProblem("its process ended with code \(status); \(path) says more")
            }
        }
    }

    private static func detach(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = "tracker"
        thread.start()
    }

    /// Waits for the end; a process that lives on after `seconds` is killed.
    /// - Returns: whether it ended by itself.
    func ended(within seconds: Double) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while process.isRunning {
            if ContinuousClock.now > deadline {
                patience.end()
                kill(process.processIdentifier, SIGKILL)
                return false
            }
            // An awaiting run that is cancelled need not wait for its tracker.
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else {
                patience.end()
                kill(process.processIdentifier, SIGKILL)
                return false
            }
        }
        return true
    }
}
