import HoneCore
import OrderedCollections

/// One row of a file before anything is made of it.
public struct SourceRow: Sendable, Hashable {
    /// Where the row begins, from 1.
    public var line: Int
    public var columns: JSONObject

    public init(line: Int, columns: JSONObject) {
        self.line = line
        self.columns = columns
    }
}

/// Where a record stands in its file, so that it can be read again without what is before it.
struct RecordExtent: Sendable, Hashable {
    /// Bytes before it.
    var offset: Int
    /// Bytes of it.
    var length: Int
    /// The line it begins on, from 1.
    var line: Int
}

/// A file of rows: read once from one end to the other, and afterwards row by row in any order.
///
/// Neither needs more memory than the longest row, whatever the file's size.
protocol RowSource: Sendable {
    /// What errors call the file; for a converted file, the one it was made from.
    var path: String { get }
    var file: DataFile { get }
    /// Reads from the beginning.
    func scanner() throws(DatasetError) -> any RecordScanner
    /// The columns that the record in `bytes`, which begins on `line`, holds.
    func columns(of bytes: [UInt8], line: Int) throws(DatasetError.BadRow) -> JSONObject
}

/// Finds one record after the other.
protocol RecordScanner {
    /// The next record, or what stands in its place; `nil` at the end.
    /// - Throws: when the file cannot be read on.
    mutating func next() throws(DatasetError) -> ScannedRecord?
}

/// What stands at one place of a file.
enum ScannedRecord {
    case record(RecordExtent, [UInt8])
    /// No record; those after it may still be read.
    case bad(DatasetError.BadRow)
}

extension RowSource {
    /// The row at `extent`, read again.
    /// - Throws: ``DatasetError/changed(path:)`` when the file is not what it was.
    func row(at extent: RecordExtent) throws(DatasetError) -> SourceRow {
        let bytes = try file.bytes(at: extent.offset, count: extent.length)
        do throws(DatasetError.BadRow) {
            return SourceRow(
                line: extent.line, columns: try columns(of: bytes, line: extent.line))
        } catch {
            throw .changed(path: path)
        }
    }
}

extension DatasetError.BadRow: Error {}

extension JSONValue {
    /// The columns of a row that is written as a JSON object.
    func rowColumns(line: Int) throws(DatasetError.BadRow) -> JSONObject {
        guard let columns = objectValue else {
            throw DatasetError.BadRow(
                line: line, message: "a row is an object such as {\"prompt\": …}, found \(kind)")
        }
        return columns
    }
}
