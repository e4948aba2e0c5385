import HoneCore
import OrderedCollections

/// A file of CSV (RFC 4180) or TSV: the first record names the columns; a field may be in double quotes
/// and then hold separators, line breaks and doubled quotes. Every cell is a string. Blank lines are
/// skipped; a byte order mark too.
///
/// TSV is read with the same quoting, as spreadsheets and data frames write it.
struct SeparatedSource: RowSource {
    let file: DataFile
    let separator: UInt8
    private let header: Result<[String], DatasetError.BadRow>

    var path: String { file.path }

    /// Reads the header of `file`.
    init(_ file: DataFile, separator: UInt8) throws(DatasetError) {
        self.file = file
        self.separator = separator
        var scanner = try SeparatedScanner(file, separator: separator, header: nil)
        switch try scanner.next() {
        case nil: header = .success([])
        case .bad(let row)?: header = .failure(row)
        case .record(let extent, let bytes)?:
            do throws(DatasetError.BadRow) {
                let names = try SeparatedRecord(separator: separator).cells(
                    of: bytes, line: extent.line)
                header = .success(try Self.checked(names, line: extent.line))
            } catch {
                header = .failure(error)
            }
        }
    }

    func scanner() throws(DatasetError) -> any RecordScanner {
        try SeparatedScanner(file, separator: separator, header: header)
    }

    func columns(of bytes: [UInt8], line: Int) throws(DatasetError.BadRow) -> JSONObject {
        let names = try header.get()
        let cells = try SeparatedRecord(separator: separator).cells(of: bytes, line: line)
        guard cells.count == names.count else {
            throw DatasetError.BadRow(
                line: line,
                message: "the row has \(cells.count) cells, the header \(names.count) "
                    + "(\(names.joined(separator: ", ")))")
        }
        var columns = JSONObject()
        for (name, cell) in zip(names, cells) { columns[name] = .string(cell) }
        return columns
    }

    private static func checked(_ names: [String], line: Int) throws(DatasetError.BadRow)
        -> [String]
    {
        var seen: Set<String> = []
        for (position, name) in names.enumerated() {
            guard !name.isEmpty else {
                throw DatasetError.BadRow(line: line, message: "column \(position + 1) has no name")
            }
            guard seen.insert(name).inserted else {
                throw DatasetError.BadRow(line: line, message: "two columns are named \(name)")
            }
        }
        return names
    }
}

/// Finds where records end: at a line break outside quotes.
struct SeparatedScanner: RecordScanner {
    private let separator: UInt8
    /// `nil` while the header itself is looked for.
    private let header: Result<[String], DatasetError.BadRow>?
    private var window: FileWindow
    private var line = 1
    private var isHeaderPassed = false
    private var isOver = false

    init(_ file: DataFile, separator: UInt8, header: Result<[String], DatasetError.BadRow>?)
        throws(DatasetError)
    {
        self.separator = separator
        self.header = header
        window = try FileWindow(file)
    }

    mutating func next() throws(DatasetError) -> ScannedRecord? {
        if case .failure(let row)? = header {
            defer { isOver = true }
            return isOver ? nil : .bad(row)
        }
        if header != nil, !isHeaderPassed {
            isHeaderPassed = true
            guard try record() != nil else { return nil }
        }
        return try record()
    }

    /// Where in a record a byte stands.
    private enum Place {
        case cellStart, plain, quoted, quoteInQuoted
    }

    /// The next record that is not a blank line.
    private mutating func record() throws(DatasetError) -> ScannedRecord? {
        while !isOver {
            guard let (length, breaks) = try recordLength() else { return nil }
            guard length <= RecordLimit.bytes else {
                isOver = true
                return .bad(
                    RecordLimit.exceeded(line: line, remedy: "is a quote left open in it?"))
            }
            var bytes = window.prefix(length)
            if bytes.last == 0x0A { bytes.removeLast() }
            if bytes.count < length, bytes.last == 0x0D { bytes.removeLast() }
            let extent = RecordExtent(offset: window.offset, length: bytes.count, line: line)
            window.take(length)
            line += breaks
            if bytes.isEmpty { continue }
            return .record(extent, bytes)
        }
        return nil
    }

    /// Bytes of the next record with its line break, and the line breaks among them.
    private mutating func recordLength() throws(DatasetError) -> (length: Int, breaks: Int)? {
        var place = Place.cellStart
        var index = 0
        var breaks = 0
        while index <= RecordLimit.bytes {
            guard index < window.count else {
                if try window.extend() { continue }
                return index > 0 ? (index, breaks) : nil
            }
            let byte = window[index]
            index += 1
            if byte == 0x0A { breaks += 1 }
            switch place {
            case .quoted:
                if byte == UInt8(ascii: "\"") { place = .quoteInQuoted }
            case .quoteInQuoted where byte == UInt8(ascii: "\""): place = .quoted
            case .cellStart where byte == UInt8(ascii: "\""): place = .quoted
            default:
                if byte == 0x0A { return (index, breaks) }
                place = byte == separator ? .cellStart : .plain
            }
        }
        return (index, breaks)
    }
}

/// Reads the cells of one record.
struct SeparatedRecord {
    var separator: UInt8

    /// The cells of the record in `bytes`, which has no line break at its end.
    func cells(of bytes: [UInt8], line: Int) throws(DatasetError.BadRow) -> [String] {
        var cells: [String] = []
        var position = 0
        while true {
            cells.append(try cell(of: bytes, at: &position, line: line))
            guard position < bytes.count else { return cells }
            // Only a separator ends a cell before the record's end.
            position += 1
        }
    }

    private func cell(of bytes: [UInt8], at position: inout Int, line: Int)
        throws(DatasetError.BadRow) -> String
    {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, bytes[position] != separator { position += 1 }
            return try text(bytes[start..<position], line: line)
        }
        var cell: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte != UInt8(ascii: "\"") {
                cell.append(byte)
            } else if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
                cell.append(byte)
                position += 1
            } else {
                guard position == bytes.count || bytes[position] == separator else {
                    throw DatasetError.BadRow(
                        line: line,
                        message: "text after a closing quote; a quote inside a quoted cell is "
                            + "written twice")
                }
                return try text(cell[...], line: line)
            }
        }
        throw DatasetError.BadRow(
            line: line, message: "a quoted cell is not closed before the end of the file")
    }

    private func text(_ bytes: ArraySlice<UInt8>, line: Int) throws(DatasetError.BadRow) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError.BadRow(line: line, message: "a cell is not valid UTF-8")
        }
        return text
    }
}
