import Foundation
import HoneCore
import OrderedCollections

/// `rows.jsonl` of a run's folder: each row of the dataset that was asked, written once, before the first
/// completions for it. With it, reward functions can score the run again whatever became of the dataset.
struct AskedRows {
    private let file: JSONLinesFile
    /// What was last written of each row, as a digest.
    private var written: [Place: String] = [:]

    private struct Place: Hashable {
        var phase: RowHistory.Phase
        var row: Int
    }

    /// Opens the file at its end.
    init(_ url: URL) throws { file = try JSONLinesFile(url) }

    /// What the file at `url` holds; nothing where there is none.
    static func history(_ url: URL) throws -> RowHistory {
        var history = RowHistory()
        guard FileManager.default.fileExists(atPath: url.path) else { return history }
        let text = try Data(contentsOf: url)
        // What stands behind the last line's end is being written.
        let end = text.lastIndex(of: UInt8(ascii: "\n")) ?? text.startIndex
        for line in text[..<end].split(separator: UInt8(ascii: "\n")) {
            history.take(try JSONValue(parsing: [UInt8](line)).objectValue ?? [:])
        }
        return history
    }

    /// Writes those of `rows` that are not written yet.
    mutating func add(
        _ rows: some Sequence<DatasetRow>, _ phase: RowHistory.Phase, step: Int
    ) throws {
        var lines: [JSONValue] = []
        var latest: Int?
        // Members of a group follow each other.
        for row in rows where row.index != latest {
            latest = row.index
            let place = Place(phase: phase, row: row.index)
            let digest = Self.digest(of: row)
            guard written[place] != digest else { continue }
            written[place] = digest
            lines.append(.object(RowHistory.line(row, phase, step: step)))
        }
        try file.append(lines)
    }

    func length() throws -> UInt64 { try file.length() }

    func synchronize() throws { try file.synchronize() }

    /// Drops everything after the first `length` bytes, and learns what the others hold.
    mutating func cut(to length: UInt64) throws {
        try file.cut(to: length)
        written = [:]
        for (phase, row) in try Self.history(file.url).latest {
            written[Place(phase: phase, row: row.index)] = Self.digest(of: row)
        }
    }

    private static func digest(of row: DatasetRow) -> String {
        ContentDigest.text([JSONValue.object(row.json).text()])
    }
}
