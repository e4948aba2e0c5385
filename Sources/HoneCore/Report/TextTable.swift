/// Rows of cells in lines of characters, as reports in a terminal show them.
public enum TextTable {
    /// Where the cells of a column begin or end.
    public enum Alignment: Sendable {
        case left, right
    }

    /// `rows` with every column as wide as its widest cell, two blanks between them.
    ///
    /// A last column that begins at the left is not filled up with blanks.
    /// - Parameters:
    ///   - rows: the cells; a row may have fewer than others.
    ///   - alignment: of the first columns; those behind them end at the right, as numbers do.
    public static func lines(
        of rows: [[String]], _ alignment: [Alignment] = [.left]
    ) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                switch column < alignment.count ? alignment[column] : .right {
                case .left: return column == count - 1 ? text : text + space
                case .right: return space + text
                }
            }.joined(separator: "  ")
        }
    }

    /// A histogram: a line a bin with its label, its count, and a bar that is 40 characters long for the
    /// largest count.
    public static func bars(_ bins: [(label: String, count: Int)]) -> [String] {
        let most = max(bins.map(\.count).max() ?? 0, 1)
        let rows = bins.map { bin in
            let length = Int((40 * Double(bin.count) / Double(most)).rounded())
            let cells = [bin.label, "\(bin.count)"]
            return length > 0 ? cells + [String(repeating: "█", count: length)] : cells
        }
        return lines(of: rows, [.right, .right, .left])
    }
}
