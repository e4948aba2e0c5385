import HoneCore
import OrderedCollections

/// One JSON document that holds the rows as a list of objects: the document itself, or a member of it.
///
/// The list is walked element by element; the document is never held whole.
struct JSONListSource: RowSource {
    let file: DataFile
    /// Names of the members that lead to the list; empty when the document is the list.
    let records: [String]

    var path: String { file.path }

    func scanner() throws(DatasetError) -> any RecordScanner {
        try JSONListScanner(file, records: records)
    }

    func columns(of bytes: [UInt8], line: Int) throws(DatasetError.BadRow) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw DatasetError.BadRow(
                line: line + error.line - 1, message: "not JSON: \(error.message)")
        }
        return try value.rowColumns(line: line)
    }
}

/// Finds the elements of a list inside a JSON document.
struct JSONListScanner: RecordScanner {
    private let path: String
    private let records: [String]
    private var window: FileWindow
    private var line = 1
    private var place = Place.outside

    private enum Place {
        case outside, firstElement, laterElement, over
    }

    init(_ file: DataFile, records: [String]) throws(DatasetError) {
        path = file.path
        self.records = records
        window = try FileWindow(file)
    }

    mutating func next() throws(DatasetError) -> ScannedRecord? {
        if place == .over { return nil }
        do throws(Stop) {
            if place == .outside {
                try enter()
                place = .firstElement
            }
            guard try reachElement() else {
                place = .over
                return nil
            }
            return try element()
        } catch {
            place = .over
            switch error {
            case .bad(let row): return .bad(row)
            case .file(let error): throw error
            }
        }
    }

    /// Why the walk ends before the list does.
    private enum Stop: Error {
        case bad(DatasetError.BadRow)
        case file(DatasetError)
    }

    private func bad(_ message: String) -> Stop {
        .bad(DatasetError.BadRow(line: line, message: message))
    }

    // MARK: Bytes

    /// The next byte that is not white space, not taken; `nil` at the end of the file.
    private mutating func peek() throws(Stop) -> UInt8? {
        while true {
            while window.count > 0 {
                switch window[0] {
                case 0x0A:
                    line += 1
                    window.take(1)
                case 0x20, 0x09, 0x0D: window.take(1)
                case let byte: return byte
                }
            }
            do throws(DatasetError) {
                guard try window.extend() else { return nil }
            } catch {
                throw .file(error)
            }
        }
    }

    /// Takes the value that comes next.
    private mutating func value() throws(Stop) -> (RecordExtent, [UInt8]) {
        guard let first = try peek() else { throw bad("the text ends where a value should be") }
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        var breaks = 0
        var index = 0
        scan: while true {
            guard index <= RecordLimit.bytes else {
                throw .bad(
                    RecordLimit.exceeded(line: line, remedy: "is a quote or bracket left open?"))
            }
            guard index < window.count else {
                do throws(DatasetError) {
                    if try window.extend() { continue }
                } catch {
                    throw .file(error)
                }
                guard depth == 0, !isQuoted else {
                    throw bad("the value that begins here is not closed before the end of the file")
                }
                break scan
            }
            let byte = window[index]
            if byte == 0x0A { breaks += 1 }
            if isQuoted {
                index += 1
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isQuoted = false
                    if depth == 0 { break scan }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isQuoted = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { break scan }
                depth -= 1
                if depth == 0 {
                    index += 1
                    break scan
                }
            case UInt8(ascii: ","), UInt8(ascii: ":"): if depth == 0 { break scan }
            case 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 {
                    if byte == 0x0A { breaks -= 1 }
                    break scan
                }
            default: break
            }
            index += 1
        }
        guard index > 0 else {
            throw bad("expected a value, found \(Character(Unicode.Scalar(first)))")
        }
        let extent = RecordExtent(offset: window.offset, length: index, line: line)
        let bytes = window.prefix(index)
        window.take(index)
        line += breaks
        return (extent, bytes)
    }

    // MARK: The list

    /// Moves behind the bracket that opens the list.
    private mutating func enter() throws(Stop) {
        for (depth, name) in records.enumerated() {
            let before = records[..<depth].joined(separator: ".")
            guard try peek() == UInt8(ascii: "{") else {
                throw bad(
                    "\(before.isEmpty ? "the document" : before) is no object with a member \(name), "
                        + "which dataset.records names")
            }
            window.take(1)
            try reachMember(name)
        }
        switch try peek() {
        case UInt8(ascii: "["): window.take(1)
        case UInt8(ascii: "{") where records.isEmpty:
            window.take(1)
            throw bad(
                "the document is one object, not a list of rows; say which member holds them with "
                    + "dataset.records")
        default:
            let place = records.isEmpty ? "the document" : records.joined(separator: ".")
            throw bad("\(place) is no list of rows")
        }
    }

    /// Moves to the value of the member `name` of the object that was entered.
    private mutating func reachMember(_ name: String) throws(Stop) {
        var seen: [String] = []
        while try peek() != UInt8(ascii: "}") {
            let (extent, bytes) = try value()
            guard let key = try? JSONValue(parsing: bytes), case .string(let key) = key else {
                throw .bad(
                    DatasetError.BadRow(line: extent.line, message: "expected a member's name"))
            }
            guard try peek() == UInt8(ascii: ":") else { throw bad("expected ':' after \(key)") }
            window.take(1)
            if key == name { return }
            try skipValue()
            seen.append(key)
            if try peek() == UInt8(ascii: ",") { window.take(1) }
        }
        let remedy =
            KeySuggestion.nearest(to: name, among: seen).map { "; did you mean \($0)?" }
            ?? " among \(seen.joined(separator: ", "))"
        throw bad("there is no member \(name)\(remedy)")
    }

    /// Takes a value of any size that is not wanted.
    private mutating func skipValue() throws(Stop) {
        guard let open = try peek(), open == UInt8(ascii: "[") || open == UInt8(ascii: "{") else {
            _ = try value()
            return
        }
        let close = open == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: "}")
        window.take(1)
        while let byte = try peek() {
            switch byte {
            case close:
                window.take(1)
                return
            case UInt8(ascii: ","), UInt8(ascii: ":"): window.take(1)
            default: try skipValue()
            }
        }
        throw bad("the text ends inside a value")
    }

    /// Moves to the next element; false behind the last one.
    private mutating func reachElement() throws(Stop) -> Bool {
        guard let byte = try peek() else { throw bad("the list is not closed") }
        if byte == UInt8(ascii: "]") {
            window.take(1)
            if records.isEmpty, try peek() != nil { throw bad("text after the end of the list") }
            return false
        }
        if place == .laterElement {
            guard byte == UInt8(ascii: ",") else {
                throw bad(
                    "expected ',' or ']' in the list, found \(Character(Unicode.Scalar(byte)))")
            }
            window.take(1)
        }
        place = .laterElement
        return true
    }

    private mutating func element() throws(Stop) -> ScannedRecord {
        let (extent, bytes) = try value()
        return .record(extent, bytes)
    }
}
