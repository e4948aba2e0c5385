import HoneCore
import OrderedCollections

extension DatasetRow {
    /// The value of a column that a reward function needs.
    /// - Throws: a failure that names the column and those the row has.
    func column(_ column: String, for function: String) throws(GraderFailure) -> JSONValue {
        guard let value = columns[column] else {
            let known = columns.keys.joined(separator: ", ")
            throw GraderFailure(
                function: function, kind: .unavailable,
                message: "row \(index) has no column \"\(column)\"; it has: "
                    + (known.isEmpty ? "none" : known))
        }
        return value
    }

    /// The text of a column whose value answers are compared with.
    /// - Throws: a failure where the row lacks it, or it holds a list, an object or null.
    func referenceText(_ column: String, for function: String) throws(GraderFailure) -> String {
        let value = try self.column(column, for: function)
        guard let text = value.scalarText else {
            throw GraderFailure.badColumn(
                column, value, for: function, expected: "a string, number or boolean")
        }
        return text
    }
}

extension GraderFailure {
    static func badColumn(
        _ column: String, _ value: JSONValue, for function: String, expected: String
    ) -> GraderFailure {
        let text = value.text()
        return GraderFailure(
            function: function, kind: .unavailable,
            message: "column \"\(column)\" should be \(expected), not \(value.kind): "
                + (text.count > 80 ? String(text.prefix(80)) + "…" : text))
    }
}

extension JSONValue {
    /// A scalar column as the text an answer is compared with: a string as it is, a number or
    /// boolean as JSON writes it.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .int, .double, .bool: self.text()
        case .null, .array, .object: nil
        }
    }
}
