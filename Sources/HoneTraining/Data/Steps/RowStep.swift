import HoneCore
import HoneText
import OrderedCollections

/// A step of a recipe, ready to be applied to rows.
protocol RowStep: Sendable {
    /// Changes `row`, or says that it is to be dropped.
    /// - Throws: ``DatasetError/BadRow`` for a row to which it cannot be applied.
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate
}

/// Whether a step lets a row pass.
enum RowFate: Sendable, Hashable {
    case kept, dropped
}

extension DataStep {
    /// The step with its patterns compiled.
    func prepared() throws(TextPatternError) -> any RowStep {
        switch self {
        case .rename(let step): step
        case .select(let step): step
        case .remove(let step): step
        case .filter(let step): try RowFilter(step)
        case .cast(let step): step
        case .extract(let step): try TextExtraction(step)
        case .replace(let step): try TextReplacement(step)
        case .pick(let step): step
        case .fill(let step): try ColumnFilling(step)
        case .defaults(let step): step
        }
    }
}

/// Everything a recipe does to a row before it becomes a prompt: new names, then the steps in order.
struct RowPipeline: Sendable {
    private let columns: RenameStep?
    private let steps: [any RowStep]

    /// - Throws: ``DatasetError/badStep(position:reason:)`` for a pattern that is none.
    init(_ config: DatasetConfig) throws(DatasetError) {
        columns = config.columns.isEmpty ? nil : RenameStep(config.columns)
        var prepared: [any RowStep] = []
        for (position, step) in config.steps.enumerated() {
            do throws(TextPatternError) {
                prepared.append(try step.prepared())
            } catch {
                throw .badStep(position: position, reason: "\(step.name): \(error)")
            }
        }
        steps = prepared
    }

    /// Applies everything to `row`.
    /// - Returns: the position of the step that drops the row; `nil` for a row that stays.
    /// - Throws: ``DatasetError/BadRow`` that names the step.
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> Int? {
        if let columns {
            do throws(DatasetError.BadRow) {
                _ = try columns.apply(to: &row)
            } catch {
                throw error.prefixed("dataset.columns")
            }
        }
        for (position, step) in steps.enumerated() {
            do throws(DatasetError.BadRow) {
                guard try step.apply(to: &row) == .kept else { return position }
            } catch {
                throw error.prefixed("dataset.steps[\(position)]")
            }
        }
        return nil
    }
}

extension DatasetError.BadRow {
    /// The same, told of `place`.
    func prefixed(_ place: String) -> Self {
        var row = self
        row.message = "\(place): \(message)"
        return row
    }
}

extension SourceRow {
    /// The value of `column`.
    /// - Throws: when there is none, naming the nearest.
    func value(_ column: String) throws(DatasetError.BadRow) -> JSONValue {
        if let value = columns[column] { return value }
        let near = KeySuggestion.nearest(to: column, among: Array(columns.keys))
        let remedy = near.map { "; did you mean \($0)?" } ?? ""
        throw bad("no column \(column) among \(columnList)\(remedy)")
    }

    /// The text of `column`.
    func text(_ column: String) throws(DatasetError.BadRow) -> String {
        let value = try value(column)
        guard let text = value.stringValue else {
            throw bad("\(column) is \(value.kind); expected a string")
        }
        return text
    }
}
