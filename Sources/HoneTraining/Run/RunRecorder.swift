import Foundation
import HoneCore

/// Writes a run's events and completions into its folder as JSON lines, and its metrics where the recipe
/// reports them to.
public actor RunRecorder: RunObserver {
    private let events: JSONLinesFile
    private let completions: JSONLinesFile
    private let board: TensorBoardFile?
    private var failure: (any Error)?

    /// How long both files were at some moment; a checkpoint keeps it so that a resumed run can drop
    /// what was written after it.
    public struct Position: Sendable, Hashable, Codable {
        public var events: UInt64
        public var completions: UInt64
    }

    public init(folder: RunFolder, reports: [ReportTarget] = []) throws {
        events = try JSONLinesFile(folder.events)
        completions = try JSONLinesFile(folder.completions)
        board =
            reports.contains(.tensorboard) ? try TensorBoardFile(folder: folder.tensorboard) : nil
    }

    public func record(_ event: RunEvent) {
        guard failure == nil else { return }
        do {
            if case .step(let record) = event {
                try completions.append(EventRow.completions(of: record))
            }
            try events.append([EventRow.json(of: event)])
            try board?.record(event)
        } catch {
            // A full disk must stop the run at the next checkpoint, where nothing is lost, rather
            // than in the middle of a step.
            failure = error
        }
    }

    /// Makes everything recorded so far durable and says how long the files are.
    public func settle() throws -> Position {
        if let failure { throw failure }
        try events.synchronize()
        try completions.synchronize()
        return Position(events: try events.length(), completions: try completions.length())
    }

    /// Forgets what was recorded after `position`.
    public func rewind(to position: Position) throws {
        try events.cut(to: position.events)
        try completions.cut(to: position.completions)
    }
}
