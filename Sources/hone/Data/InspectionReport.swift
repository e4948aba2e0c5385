import Foundation
import HoneCore
import HoneTraining
import OrderedCollections

/// A ``DataInspection`` for a person, or as one JSON document.
struct InspectionReport {
    var inspection: DataInspection
    var dataset: DatasetConfig
    /// `nil` without a recipe, or when too many rows are bad.
    var split: Split?

    struct Split {
        var train: Int
        var test: Int
        var warnings: [String]
    }

    private static let quantiles: [(name: String, share: Double)] = [
        ("min", 0), ("median", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("max", 1),
    ]

    // MARK: Text

    var text: String {
        var lines = heading
        lines += ["", "columns"] + Self.table(inspection.columns)
        if !dataset.steps.isEmpty || !dataset.columns.isEmpty {
            lines +=
                ["", "columns after the recipe's steps"]
                + Self.table(inspection.columnsAfterSteps)
        }
        lines += ["", "rows"] + rowLines
        lines += lengthLines
        for example in inspection.examples {
            let title =
                "── row \(example.index), \(example.path):\(example.line), "
                + "\(example.tokens) tokens "
            lines += ["", title + String(repeating: "─", count: max(0, 78 - title.count))]
            lines.append(example.text)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var heading: [String] {
        let files = inspection.files
        let name = files.count == 1 ? files[0] : "\(dataset.path) (\(files.count) files)"
        let size = inspection.bytes.formatted(
            .byteCount(style: .file).locale(Locale(identifier: "en_US_POSIX")))
        return ["\(name): \(inspection.census.read) rows, \(size)"]
    }

    private static func table(_ table: ColumnTable) -> [String] {
        guard !table.summaries.isEmpty else { return ["  none"] }
        let cells = table.summaries.map { column in
            [
                column.name, kinds(of: column, in: table.rows), range(of: column),
                example(of: column),
            ]
        }
        return TextTable.lines(of: cells, Array(repeating: .left, count: 4)).map { "  " + $0 }
    }

    /// "string", or "3 null, 97 string, absent from 2".
    private static func kinds(of column: ColumnSummary, in rows: Int) -> String {
        var parts = column.kinds.map { kind, count in
            column.kinds.count == 1 ? noun(kind) : "\(count) \(noun(kind))"
        }
        if column.present < rows { parts.append("absent from \(rows - column.present)") }
        return parts.joined(separator: ", ")
    }

    /// "a string" without its article.
    private static func noun(_ kind: String) -> String {
        kind.split(separator: " ").last.map(String.init) ?? kind
    }

    private static func range(of column: ColumnSummary) -> String {
        var parts: [String] = []
        if let numbers = column.numbers {
            parts.append("\(number(numbers.lowerBound)) to \(number(numbers.upperBound))")
        }
        if let characters = column.characters { parts.append("\(span(characters)) characters") }
        if let items = column.items { parts.append("\(span(items)) items") }
        return parts.joined(separator: ", ")
    }

    /// Without a point where it is whole, as integers are.
    private static func number(_ value: Double) -> String {
        Int(exactly: value).map { "\($0)" } ?? JSONValue.double(value).pythonText
    }

    private static func span(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == range.upperBound
            ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }

    private static func example(of column: ColumnSummary) -> String {
        guard let value = column.example else { return "" }
        return Figure.cut(value.text(), to: 48)
    }

    private var rowLines: [String] {
        let census = inspection.census
        var facts: [(Int, String)] = [(census.read, "read")]
        facts.append((census.bad, "bad" + (census.bad > 0 ? toleranceNote : "")))
        for (position, count) in census.dropped.enumerated() where count > 0 {
            facts.append(
                (count, "dropped by dataset.steps[\(position)]: \(dataset.steps[position].summary)")
            )
        }
        facts.append((inspection.equalRows, "equal to an earlier row in every column"))
        if let noun = inspection.noun {
            let fate =
                switch dataset.duplicates {
                case .keep: "kept"
                case .drop: "dropped"
                case .refuse: "bad"
                }
            facts.append(
                (inspection.equalPrompts, "with the \(noun) of an earlier row (\(fate))"))
        }
        if let limit = inspection.limit?.tokens, inspection.tooLong > 0 {
            let fate =
                switch dataset.overlong {
                case .drop: "dropped"
                case .truncate: "truncated"
                case .refuse: "which stops the run"
                }
            facts.append((inspection.tooLong, "longer than \(limit) tokens, \(fate)"))
        }
        if let split {
            facts.append((split.train, "to train on, before those too long are left out"))
            facts.append((split.test, "held out"))
        }
        let width = facts.map { String($0.0).count }.max() ?? 0
        var lines = facts.map { count, what in
            "  " + String(repeating: " ", count: width - String(count).count) + "\(count) \(what)"
        }
        let bad = DatasetError.lines(of: census, path: dataset.path)
        if !bad.isEmpty { lines += ["", "bad rows"] + bad.map { "  " + $0 } }
        return lines
    }

    private var toleranceNote: String {
        let tolerated = dataset.toleratedBadRows(of: inspection.census.read)
        return inspection.census.bad > tolerated
            ? ", which stops a run (dataset.max_bad_rows is \(dataset.maxBadRows))" : ", left out"
    }

    private var lengthLines: [String] {
        guard let noun = inspection.noun, inspection.lengths.count > 0 else { return [] }
        let values = inspection.lengths.quantiles(Self.quantiles.map(\.share))
        let summary = zip(Self.quantiles, values).map { "\($0.name) \($1)" }.joined(
            separator: ", ")
        let bins = inspection.lengths.bins()
        var limit = ""
        if let tokens = inspection.limit?.tokens { limit = "; at most \(tokens) fit" }
        return ["", "tokens of a \(noun): \(summary)\(limit)"]
            + TextTable.bars(bins.map { (Self.span($0.range), $0.count) }).map { "  " + $0 }
    }

    // MARK: JSON

    var document: JSONValue {
        let census = inspection.census
        var document: JSONObject = [
            "files": .array(inspection.files.map(JSONValue.string)),
            "bytes": .int(inspection.bytes),
            "rows": .int(census.read),
            "columns": Self.document(inspection.columns),
            "columns_after_steps": Self.document(inspection.columnsAfterSteps),
            "bad": .int(census.bad),
            "bad_rows": .array(
                census.firstBad.map { row in
                    [
                        "path": .string(row.path ?? dataset.path), "line": .int(row.line),
                        "message": .string(row.message),
                    ]
                }),
            "dropped": .array(
                zip(dataset.steps, census.dropped).map { step, count in
                    ["step": .string(step.summary), "rows": .int(count)]
                }),
            "equal_rows": .int(inspection.equalRows),
        ]
        if inspection.noun != nil {
            document["equal_prompts"] = .int(inspection.equalPrompts)
            document["tokens"] = tokens
            document["too_long"] = .int(inspection.tooLong)
            document["examples"] = .array(
                inspection.examples.map { example in
                    [
                        "index": .int(example.index), "path": .string(example.path),
                        "line": .int(example.line), "text": .string(example.text),
                        "tokens": .int(example.tokens),
                    ]
                })
        }
        if let split {
            document["train"] = .int(split.train)
            document["test"] = .int(split.test)
            document["warnings"] = .array(split.warnings.map(JSONValue.string))
        }
        return .object(document)
    }

    private var tokens: JSONValue {
        let values = inspection.lengths.quantiles(Self.quantiles.map(\.share))
        guard !values.isEmpty else { return .null }
        return [
            "min": .int(values[0]), "median": .int(values[1]), "p90": .int(values[2]),
            "p99": .int(values[3]), "max": .int(values[4]),
            "limit": inspection.limit?.tokens.map(JSONValue.int) ?? .null,
            "histogram": .array(
                inspection.lengths.bins().map { bin in
                    [
                        "from": .int(bin.range.lowerBound), "to": .int(bin.range.upperBound),
                        "count": .int(bin.count),
                    ]
                }),
        ]
    }

    private static func document(_ table: ColumnTable) -> JSONValue {
        .array(
            table.summaries.map { column in
                var members: JSONObject = ["name": .string(column.name)]
                var kinds = JSONObject()
                for (kind, count) in column.kinds { kinds[noun(kind)] = .int(count) }
                members["kinds"] = .object(kinds)
                members["absent"] = .int(table.rows - column.present)
                if let range = column.numbers {
                    members["numbers"] = [.double(range.lowerBound), .double(range.upperBound)]
                }
                if let range = column.characters {
                    members["characters"] = [.int(range.lowerBound), .int(range.upperBound)]
                }
                if let range = column.items {
                    members["items"] = [.int(range.lowerBound), .int(range.upperBound)]
                }
                members["example"] = column.example ?? .null
                return .object(members)
            })
    }
}
