import HoneCore

/// Lines of CSV (RFC 4180) or TSV.
public struct SeparatedText: Sendable {
    /// Between two cells: a comma or a tab.
    public let separator: String

    public init(separator: String) { self.separator = separator }

    /// A line with a cell for each value: texts stand as they are, null is an empty cell, and numbers,
    /// lists and objects are JSON. It ends with a line break.
    public func line(_ values: some Collection<JSONValue>) -> String {
        values.map { value in
            let cell = Self.text(of: value)
            let needsQuotes = cell.unicodeScalars.contains {
                $0 == "\"" || $0 == "\n" || $0 == "\r" || String($0) == separator
            }
            // A single empty cell would be a blank line, which is no row.
            guard needsQuotes || (values.count == 1 && cell.isEmpty) else { return cell }
            var quoted = "\""
            // Scalars, not characters: a quote may carry a combining mark.
            for scalar in cell.unicodeScalars {
                if scalar == "\"" { quoted.unicodeScalars.append(scalar) }
                quoted.unicodeScalars.append(scalar)
            }
            return quoted + "\""
        }.joined(separator: separator) + "\n"
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        default: value.text()
        }
    }
}
