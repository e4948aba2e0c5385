import HoneCore
import OrderedCollections

extension RenameStep: RowStep {
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        for old in names.keys { _ = try row.value(old) }
        var renamed = JSONObject()
        for (key, value) in row.columns {
            let name = names[key] ?? key
            guard renamed[name] == nil else { throw row.bad("makes two columns named \(name)") }
            renamed[name] = value
        }
        row.columns = renamed
        return .kept
    }
}

extension SelectStep: RowStep {
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        var selected = JSONObject()
        for column in columns { selected[column] = try row.value(column) }
        row.columns = selected
        return .kept
    }
}

extension RemoveStep: RowStep {
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        for column in columns { row.columns[column] = nil }
        return .kept
    }
}

extension DefaultStep: RowStep {
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        for (column, value) in values where row.columns[column]?.isNull ?? true {
            row.columns[column] = value
        }
        return .kept
    }
}

extension PickStep: RowStep {
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        let path = ConfigPath(from)
        var value: JSONValue? = .object(row.columns)
        for step in path.steps {
            switch step {
            case .key(let name): value = value?[name]
            case .index(let position):
                guard let items = value?.arrayValue, items.indices.contains(position) else {
                    value = nil
                    break
                }
                value = items[position]
            }
        }
        if let value {
            row.columns[to] = value
            return .kept
        }
        return try row.lacking("nothing stands at \(from)", column: to, otherwise)
    }
}

extension SourceRow {
    /// What becomes of a row in which a step found nothing to put into `column`.
    mutating func lacking(
        _ message: String, column: String, _ otherwise: ExtractStep.Otherwise
    ) throws(DatasetError.BadRow) -> RowFate {
        switch otherwise {
        case .refuse: throw bad("\(message) (otherwise: drop or empty lets it pass)")
        case .drop: return .dropped
        case .empty:
            columns[column] = .null
            return .kept
        }
    }
}

extension CastStep: RowStep {
    func apply(to row: inout SourceRow) throws(DatasetError.BadRow) -> RowFate {
        for (column, type) in types {
            let value = try row.value(column)
            guard let cast = type.cast(value) else {
                let shown = value.text()
                throw row.bad(
                    "\(column) is \(shown.count > 60 ? shown.prefix(60) + "…" : shown[...]), which is "
                        + type.expectation)
            }
            row.columns[column] = cast
        }
        return .kept
    }
}

extension CastStep.ColumnType {
    fileprivate var expectation: String {
        switch self {
        case .string: "null, not a text"
        case .integer: "no whole number"
        case .number: "no number"
        case .boolean: "neither true nor false"
        case .json: "no text that holds JSON"
        }
    }

    /// `value` as this type; `nil` when that would need guessing.
    func cast(_ value: JSONValue) -> JSONValue? {
        switch (self, value) {
        case (.string, .null): nil
        case (.string, _): .string(value.pythonText)
        case (.integer, .int), (.number, .int), (.number, .double), (.boolean, .bool): value
        case (.integer, .double): value.intValue.map(JSONValue.int)
        case (.integer, .string(let text)): Int(trimmed(text)).map(JSONValue.int)
        case (.number, .string(let text)): Self.number(trimmed(text))
        case (.boolean, .string(let text)):
            switch trimmed(text) {
            case "true", "True": true
            case "false", "False": false
            default: nil
            }
        case (.json, .string(let text)): try? JSONValue(parsing: text)
        default: nil
        }
    }

    private func trimmed(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars.drop { $0.properties.isWhitespace })
    }

    /// Swift also reads `0x1p3`, `nan` and `infinity`, which are not numbers that a table writes.
    private static func number(_ text: String) -> JSONValue? {
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        if let value = Int(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { return nil }
        return .double(value)
    }
}
