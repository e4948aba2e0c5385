import Foundation
import HoneCore
import OrderedCollections

/// Writes what is worth reading of a run's grading as JSON lines: calls that printed something, that
/// failed, or whose value was no number.
///
/// `{"step", "epoch", "row", "completion", "function", "score"?, "failure"?, "detail"?, "warning"?,
/// "output"?, "seconds"?}`. The file is made with the first line.
public actor RewardLogFile: RewardLog {
    private let url: URL
    private var file: JSONLinesFile?
    private let onProblem: @Sendable (String) -> Void
    private var isBroken = false
    /// Functions whose first warning has been told.
    private var warned: Set<String> = []

    /// - Parameters:
    ///   - url: the file; its folder is made if need be.
    ///   - onProblem: told of the first warning about each function, and once if the file cannot be
    ///     written; grading goes on without it.
    public init(_ url: URL, onProblem: @escaping @Sendable (String) -> Void) {
        self.url = url
        self.onProblem = onProblem
    }

    public func record(_ entries: [RewardLogEntry]) {
        for entry in entries {
            guard let warning = entry.assessment.warning,
                warned.insert(entry.function).inserted
            else { continue }
            onProblem(
                "reward function \(entry.function) \(warning) (row \(entry.row); all such are in "
                    + "\(url.lastPathComponent))")
        }
        let rows = entries.filter(\.isNotable).map { JSONValue.object($0.logRow) }
        guard !rows.isEmpty, !isBroken else { return }
        do {
            try opened().append(rows)
        } catch {
            isBroken = true
            onProblem("\(url.path) cannot be written, so the reward log ends: \(error)")
        }
    }

    private func opened() throws -> JSONLinesFile {
        if let file { return file }
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let opened = try JSONLinesFile(url)
        file = opened
        return opened
    }
}

extension RewardLogEntry {
    /// Whether a person would want to read it.
    public var isNotable: Bool {
        if case .failed = assessment.score { return true }
        return !assessment.output.isEmpty || assessment.warning != nil
    }

    /// As a line of the log.
    public var logRow: JSONObject {
        var members: JSONObject = [
            "step": .int(step), "epoch": .double(epoch), "row": .int(row),
            "completion": .int(completion), "function": .string(function),
        ]
        switch assessment.score {
        case .value(let value): members["score"] = .double(value)
        case .abstained: members["score"] = .null
        case .failed(let failure):
            members["failure"] = .string("\(failure.kind.rawValue): \(failure.message)")
            if !failure.detail.isEmpty { members["detail"] = .string(failure.detail) }
        }
        if let warning = assessment.warning { members["warning"] = .string(warning) }
        if !assessment.output.isEmpty { members["output"] = .string(assessment.output) }
        if let seconds = assessment.seconds { members["seconds"] = .double(seconds) }
        return members
    }
}
