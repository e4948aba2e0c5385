import Foundation
import HoneCore

/// Writes a run's events and completions into its folder as JSON lines, and its metrics where the recipe
/// reports them to.
public actor RunRecorder: RunObserver {
    private let events: JSONLinesFile
    private let completions: JSONLinesFile
    private let evaluations: JSONLinesFile
    private var rows: AskedRows
    private let rewardLog: URL
    private let board: TensorBoardFile?
    private var failure: (any Error)?

    /// How long the files were at some moment; a checkpoint keeps it so that a resumed run can drop
    /// what was written after it.
    public struct Position: Sendable, Hashable, Codable {
        public var events: UInt64
        public var completions: UInt64
        /// Of the log of the reward functions; absent in checkpoints of versions that did not cut it.
        public var rewards: UInt64?
        /// Of the completions of evaluations, and of the rows that were asked; absent in checkpoints of
        /// versions that kept neither.
        public var evaluations: UInt64?
        public var rows: UInt64?

        public init(
            events: UInt64 = 0, completions: UInt64 = 0, rewards: UInt64? = 0,
            evaluations: UInt64? = 0, rows: UInt64? = 0
        ) {
            self.events = events
            self.completions = completions
            self.rewards = rewards
            self.evaluations = evaluations
            self.rows = rows
        }
    }

    public init(folder: RunFolder, reports: [ReportTarget] = []) throws {
        events = try JSONLinesFile(folder.events)
        completions = try JSONLinesFile(folder.completions)
        evaluations = try JSONLinesFile(folder.evaluations)
        rows = try AskedRows(folder.rows)
        rewardLog = folder.rewardLog
        board =
            reports.contains(.tensorboard) ? try TensorBoardFile(folder: folder.tensorboard) : nil
    }

    public func record(_ event: RunEvent) {
        guard failure == nil else { return }
        do {
            switch event {
            case .step(let record):
                try rows.add(
                    record.completions.lazy.map(\.rollout.row), .training, step: record.step)
                try completions.append(EventRow.completions(of: record))
            case .evaluated(let record):
                try rows.add(record.completions.lazy.map(\.row), .evaluation, step: record.step)
                try evaluations.append(EventRow.samples(of: record))
            default: break
            }
            try events.append([EventRow.json(of: event)])
            try board?.record(event)
        } catch {
            // Told by ``requireWritten()`` between two steps: an observer cannot stop a run.
            failure = error
        }
    }

    /// - Throws: what went wrong in writing, such as a full disk. What comes after it is not recorded,
    ///   so a run had better end here.
    public func requireWritten() throws {
        if let failure { throw failure }
    }

    /// Makes everything recorded so far durable and says how long the files are.
    public func settle() throws -> Position {
        try requireWritten()
        try events.synchronize()
        try completions.synchronize()
        try evaluations.synchronize()
        try rows.synchronize()
        return Position(
            events: try events.length(), completions: try completions.length(),
            rewards: try Self.length(of: rewardLog), evaluations: try evaluations.length(),
            rows: try rows.length())
    }

    /// Forgets what was recorded after `position`.
    public func rewind(to position: Position) throws {
        try events.cut(to: position.events)
        try completions.cut(to: position.completions)
        try evaluations.cut(to: position.evaluations ?? 0)
        try rows.cut(to: position.rows ?? 0)
        guard let rewards = position.rewards, try Self.length(of: rewardLog) > rewards else {
            return
        }
        // The reward functions' own log opens its file with the first line, which comes later.
        let log = try FileHandle(forUpdating: rewardLog)
        try log.truncate(atOffset: rewards)
        try log.close()
    }

    /// Bytes of the file, 0 where there is none.
    private static func length(of file: URL) throws -> UInt64 {
        guard FileManager.default.fileExists(atPath: file.path) else { return 0 }
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        return try handle.seekToEnd()
    }
}
