/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    /// Counted from 1.
    public var line: Int
    /// Counted from 1, in bytes.
    public var column: Int

    public var description: String { "line \(line), column \(column): \(message)" }
}

extension JSONValue {
    /// The document in `text` (RFC 8259; also `NaN`, `Infinity` and `-Infinity`, which Python writes).
    ///
    /// A key that occurs twice keeps its first position and its last value, as Python's `json` does.
    /// - Throws: ``JSONError`` with line and column at the first byte that cannot be read.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The document in UTF-8 `bytes`; see ``init(parsing:)-(String)``. A byte order mark is skipped.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.document()
    }
}
