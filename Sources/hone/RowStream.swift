import ArgumentParser
import Foundation
import HoneCore
import OrderedCollections

/// Rows of JSON in, rows of JSON out: the form of every command that works on a file of rows.
///
/// Output rows keep input order and carry `index`, the number of the input row counted from 0. A
/// row that cannot be read or answered gives `{"index": i, "error": "…"}`; the others are still
/// answered, and the command ends with exit code 65. Each row is written out at once.
struct RowStream {
    /// One row of the input.
    struct Row {
        /// Counted from 0; blank lines do not count.
        var index: Int
        /// In the file, counted from 1.
        var line: Int
        /// The row's object, or why it is none.
        var content: Result<JSONObject, RowError>
    }

    /// Why a row has no answer.
    struct RowError: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    /// A file that rows are read from.
    enum Input {
        case standardInput
        case file(String)

        /// `-` is standard input.
        init(_ path: String) { self = path == "-" ? .standardInput : .file(path) }

        var name: String {
            switch self {
            case .standardInput: "standard input"
            case .file(let path): path
            }
        }
    }

    /// The exit code of a command some of whose rows, or whose files, are bad data (`EX_DATAERR`).
    static let badData = ExitCode(65)

    private let input: Input
    private let lines: LineReader
    private var rowCount = 0
    private var failureCount = 0
    private var firstFailure: String?

    /// Opens the file at `path`, or standard input for `-`.
    /// - Throws: `ValidationError` when there is no such file.
    init(path: String) throws {
        input = Input(path)
        switch input {
        case .standardInput: lines = LineReader(.standardInput)
        case .file(let path):
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw ValidationError("\(path): no such file, or it may not be read")
            }
            lines = LineReader(handle)
        }
    }

    /// The next row, or nil at the end. For commands that answer many rows at once; give each its
    /// answer by ``write(_:for:)`` or ``fail(_:for:)``, in order, and end with ``finish()``.
    mutating func next() throws -> Row? {
        while let bytes = try lines.next() {
            guard !bytes.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) else { continue }
            defer { rowCount += 1 }
            return Row(index: rowCount, line: lines.number, content: content(bytes))
        }
        return nil
    }

    private func content(_ bytes: [UInt8]) -> Result<JSONObject, RowError> {
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes)
            guard let object = value.objectValue else {
                return .failure(
                    RowError(
                        "\(place): a row must be an object {…} on a line of its own, not "
                            + "\(value.kind)"))
            }
            return .success(object)
        } catch {
            return .failure(RowError("\(place), column \(error.column): \(error.message)"))
        }
    }

    private var place: String { "\(input.name), line \(lines.number)" }

    /// Writes an answer to the row with `index`.
    func write(_ answer: JSONObject, for index: Int) {
        var row: JSONObject = ["index": .int(index)]
        for (key, value) in answer { row[key] = value }
        StandardOutput.write(line: JSONValue.object(row).text())
    }

    /// Writes that the row with `index` has no answer.
    mutating func fail(_ error: any Error, for index: Int) {
        failureCount += 1
        firstFailure = firstFailure ?? "row \(index), \(error)"
        write(["error": .string(String(describing: error))], for: index)
    }

    /// Ends the command's work on rows.
    /// - Throws: exit code 65 when a row failed.
    func finish() throws {
        guard failureCount > 0 else { return }
        let rows = rowCount == 1 ? "row" : "rows"
        StandardError.write(
            line: "Error: \(failureCount) of \(rowCount) \(rows) could not be answered; the first: "
                + (firstFailure ?? ""))
        throw Self.badData
    }

    /// Answers each row by `answer`, which gives any number of output rows for it.
    mutating func answer(_ answer: (JSONObject) throws -> [JSONObject]) throws {
        while let row = try next() {
            do {
                for object in try answer(try row.content.get()) { write(object, for: row.index) }
            } catch {
                fail(error, for: row.index)
            }
        }
        try finish()
    }
}

extension JSONObject {
    /// The string under `key`, nil if there is none or null.
    /// - Throws: `RowStream.RowError` when the value is something else.
    func string(_ key: String) throws -> String? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let text = value.stringValue else {
            throw RowStream.RowError("\"\(key)\" must be a string, not \(value.kind)")
        }
        return text
    }

    /// Says that the object has none of `wanted`, and which of its keys may have been meant for one.
    func lacks(_ wanted: [String]) -> RowStream.RowError {
        let list = wanted.map { "\"\($0)\"" }.joined(separator: ", ")
        let none = wanted.count == 1 ? "no \(list)" : "none of \(list)"
        for key in keys {
            guard let meant = KeySuggestion.nearest(to: key, among: wanted) else { continue }
            return RowStream.RowError("the row has \(none); is \"\(key)\" meant for \"\(meant)\"?")
        }
        let found = keys.isEmpty ? "" : "; its keys are \(keys.joined(separator: ", "))"
        return RowStream.RowError("the row has \(none)\(found)")
    }

    /// The boolean under `key`, nil if there is none or null.
    func bool(_ key: String) throws -> Bool? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let flag = value.boolValue else {
            throw RowStream.RowError("\"\(key)\" must be true or false, not \(value.kind)")
        }
        return flag
    }

    /// The token ids under `key`, nil if there are none or null.
    func tokenIDs(_ key: String) throws -> [Int32]? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let values = value.arrayValue else {
            throw RowStream.RowError("\"\(key)\" must be a list of token ids, not \(value.kind)")
        }
        return try values.map { value in
            guard case .int(let id) = value, let id = Int32(exactly: id), id >= 0 else {
                throw RowStream.RowError("\"\(key)\" holds \(value.text()), which is no token id")
            }
            return id
        }
    }
}
