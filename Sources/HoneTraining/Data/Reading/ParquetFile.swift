import Foundation
import HoneCore

/// Parquet files as output.
public enum ParquetFile {
    /// Writes the rows of a file of JSON lines as a Parquet file, through pyarrow. Each column has the narrowest
    /// type that holds all its values; memory does not grow with the number of rows.
    /// - Parameters:
    ///   - lines: one object a line, no blank lines.
    ///   - target: appears under its name when it is whole.
    /// - Throws: ``DatasetError/unconverted(path:reason:)`` without pyarrow, or when a column holds values of
    ///   types that cannot be one.
    public static func write(_ lines: URL, to target: URL) throws(DatasetError) {
        try PyArrowProcess().make(target, about: target.path) { ["write", lines.path, $0] }
    }
}
