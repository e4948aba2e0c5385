import OrderedCollections

/// The rows of the dataset that a run has asked, as its folder keeps them in `rows.jsonl`.
///
/// A line is ``DatasetRow/json`` with `phase`, since training and evaluation may count rows of different
/// files, and `step`, from which on it holds: a run that was resumed on a changed dataset has a row again.
public struct RowHistory: Sendable {
    private var entries: [Place: [Entry]] = [:]

    public init() {}

    /// What a row was asked for.
    public enum Phase: String, Sendable, Hashable {
        case training, evaluation
    }

    private struct Place: Hashable {
        var phase: Phase
        var row: Int
    }

    private struct Entry {
        var step: Int
        var row: DatasetRow
    }

    /// The line that says that `row` was asked at `step`.
    public static func line(_ row: DatasetRow, _ phase: Phase, step: Int) -> JSONObject {
        var line: JSONObject = ["phase": .string(phase.rawValue), "step": .int(step)]
        for (key, value) in row.json { line[key] = value }
        return line
    }

    /// Takes in what ``line(_:_:step:)`` wrote; a line that is none says nothing.
    public mutating func take(_ line: JSONObject) {
        guard let phase = line["phase"]?.stringValue.flatMap(Phase.init),
            let step = line["step"]?.intValue, let row = DatasetRow(json: line)
        else { return }
        entries[Place(phase: phase, row: row.index), default: []].append(
            Entry(step: step, row: row))
    }

    /// The row as it was at `step`; `nil` where nothing was written of it.
    public func row(_ index: Int, _ phase: Phase, step: Int) -> DatasetRow? {
        let known = entries[Place(phase: phase, row: index)]
        return known?.last { $0.step <= step }?.row
    }

    /// The rows as they were last asked, with the phase of each.
    public var latest: [(phase: Phase, row: DatasetRow)] {
        entries.compactMap { place, entries in
            entries.last.map { (phase: place.phase, row: $0.row) }
        }
    }
}
