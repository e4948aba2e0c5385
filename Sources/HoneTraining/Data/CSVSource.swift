import HoneCore
import OrderedCollections

/// Rows of a CSV file (RFC 4180): the first record names the columns, a field may be in double quotes
/// and then hold commas, line breaks and doubled quotes. Every cell is a string. Blank lines are
/// skipped; a byte order mark too.
struct CSVSource: RowSource {
    private let data: [UInt8]
    private var position = 0
    private var line = 1
    private var header: [String]?

    init(_ data: [UInt8]) {
        self.data = data
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func next() throws(DatasetError.BadRow) -> SourceRow? {
        if header == nil {
            guard let record = try record() else { return nil }
            header = try Self.checkedHeader(record)
        }
        guard let names = header, let record = try record() else { return nil }
        guard record.cells.count == names.count else {
            throw DatasetError.BadRow(
                line: record.line,
                message: "the row has \(record.cells.count) cells, the header \(names.count) "
                    + "(\(names.joined(separator: ", ")))")
        }
        var columns = JSONObject()
        for (name, cell) in zip(names, record.cells) { columns[name] = .string(cell) }
        return SourceRow(line: record.line, columns: columns)
    }

    private static func checkedHeader(_ record: Record) throws(DatasetError.BadRow) -> [String] {
        var seen: Set<String> = []
        for (position, name) in record.cells.enumerated() {
            guard !name.isEmpty else {
                throw DatasetError.BadRow(
                    line: record.line, message: "column \(position + 1) has no name")
            }
            guard seen.insert(name).inserted else {
                throw DatasetError.BadRow(
                    line: record.line, message: "two columns are named \(name)")
            }
        }
        return record.cells
    }

    private struct Record {
        var line: Int
        var cells: [String]
    }

    /// The next record that is not a blank line.
    private mutating func record() throws(DatasetError.BadRow) -> Record? {
        while position < data.endIndex {
            let start = line
            if skipLineBreak() { continue }
            var cells: [String] = []
            while true {
                cells.append(try cell(rowLine: start))
                guard position < data.endIndex, data[position] == UInt8(ascii: ",") else { break }
                position += 1
            }
            _ = skipLineBreak()
            return Record(line: start, cells: cells)
        }
        return nil
    }

    /// Moves over a line break if one is next.
    private mutating func skipLineBreak() -> Bool {
        guard position < data.endIndex else { return false }
        let isPair =
            data[position] == UInt8(ascii: "\r") && position + 1 < data.endIndex
            && data[position + 1] == UInt8(ascii: "\n")
        guard isPair || data[position] == UInt8(ascii: "\n") else { return false }
        position += isPair ? 2 : 1
        line += 1
        return true
    }

    private mutating func cell(rowLine: Int) throws(DatasetError.BadRow) -> String {
        guard position < data.endIndex, data[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < data.endIndex, !endsCell(at: position) { position += 1 }
            return try text(Array(data[start..<position]), rowLine: rowLine)
        }
        var bytes: [UInt8] = []
        position += 1
        while position < data.endIndex {
            let byte = data[position]
            position += 1
            if byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\n") { line += 1 }
                bytes.append(byte)
            } else if position < data.endIndex, data[position] == UInt8(ascii: "\"") {
                bytes.append(byte)
                position += 1
            } else {
                guard position == data.endIndex || endsCell(at: position) else {
                    skipRecord()
                    throw DatasetError.BadRow(
                        line: rowLine,
                        message: "text after a closing quote; a quote inside a quoted cell is "
                            + "written twice")
                }
                return try text(bytes, rowLine: rowLine)
            }
        }
        throw DatasetError.BadRow(
            line: rowLine, message: "a quoted cell is not closed before the end of the file")
    }

    private func endsCell(at index: Int) -> Bool {
        switch data[index] {
        case UInt8(ascii: ","), UInt8(ascii: "\n"): true
        case UInt8(ascii: "\r"):
            index + 1 < data.endIndex && data[index + 1] == UInt8(ascii: "\n")
        default: false
        }
    }

    private mutating func text(_ bytes: [UInt8], rowLine: Int) throws(DatasetError.BadRow) -> String
    {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            skipRecord()
            throw DatasetError.BadRow(line: rowLine, message: "a cell is not valid UTF-8")
        }
        return text
    }

    /// Moves to the next line, where reading can go on after an error.
    private mutating func skipRecord() {
        while position < data.endIndex, data[position] != UInt8(ascii: "\n") { position += 1 }
        _ = skipLineBreak()
    }
}
