/// Rows that are made when they are asked for.
///
/// Of a dataset's file only the places of its rows are kept, a few bytes each, so a run does not need
/// as much memory as the file.
public struct DatasetRows<Row: Sendable>: Sendable {
    public let count: Int
    private let read: @Sendable (Int) throws -> Row

    /// `count` rows, of which `read` makes the one at a position from 0.
    init(count: Int, read: @escaping @Sendable (Int) throws -> Row) {
        self.count = count
        self.read = read
    }

    /// Rows that are held in memory.
    public init(_ rows: [Row]) {
        self.init(count: rows.count) { rows[$0] }
    }

    public var isEmpty: Bool { count == 0 }

    /// The row at `position`, from 0.
    /// - Throws: ``DatasetError`` when the file is no longer what it was.
    public func row(at position: Int) throws -> Row { try read(position) }

    /// The first `count` rows, or all where there are fewer.
    public func prefix(_ count: Int) -> DatasetRows {
        DatasetRows(count: min(count, self.count), read: read)
    }

    /// What `transform` makes of each row, in order; rows of which it makes `nil` are left out.
    public func compactMap<Value>(_ transform: (Row) throws -> Value?) throws -> [Value] {
        var values: [Value] = []
        for position in 0..<count {
            if let value = try transform(row(at: position)) { values.append(value) }
        }
        return values
    }

    /// All rows at once.
    public func all() throws -> [Row] { try compactMap { $0 } }
}
