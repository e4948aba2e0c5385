import HoneCore
import OrderedCollections

/// Rows of a file with one JSON object a line. Blank lines are skipped; a byte order mark too.
struct JSONLinesSource: RowSource {
    private let data: [UInt8]
    private var position = 0
    private var line = 0

    init(_ data: [UInt8]) {
        self.data = data
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func next() throws(DatasetError.BadRow) -> SourceRow? {
        while position < data.endIndex {
            let end = data[position...].firstIndex(of: UInt8(ascii: "\n")) ?? data.endIndex
            let bytes = Array(data[position..<end])
            position = min(end + 1, data.endIndex)
            line += 1
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            return SourceRow(line: line, columns: try Self.columns(bytes, line: line))
        }
        return nil
    }

    private static func columns(_ bytes: [UInt8], line: Int) throws(DatasetError.BadRow)
        -> JSONObject
    {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw DatasetError.BadRow(
                line: line, message: "not JSON: column \(error.column): \(error.message)")
        }
        guard let columns = value.objectValue else {
            throw DatasetError.BadRow(
                line: line,
                message: "a row is an object such as {\"prompt\": …}, found \(value.kind)")
        }
        return columns
    }
}
