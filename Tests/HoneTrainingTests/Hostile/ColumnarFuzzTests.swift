import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneTraining

/// Parquet and Arrow files that are spoiled, strange or none: each ends in rows or in an error that names
/// the file. What they are turned into is pyarrow's work, in a process of its own.
@Suite(.enabled(if: hasPyarrow, "needs pyarrow")) struct ColumnarFuzzTests {
    private static let strange = Fixtures.folder.appending(path: "datasets-strange")

    private static func expected(_ key: String) throws -> JSONValue {
        let data = try Data(contentsOf: strange.appending(path: "expected.json"))
        return try #require(JSONValue(parsing: [UInt8](data))[key])
    }

    /// The rows of the file at `path`.
    private static func rows(_ path: String, in scratch: ScratchFolder) throws -> [JSONObject] {
        var cache = DatasetCache()
        cache.folder = scratch.url.appending(path: "cache")
        let format: DatasetConfig.Format = path.hasSuffix(".parquet") ? .parquet : .arrow
        let source = try ColumnarFile(path: path, format: format, cache: cache).source()
        var scanner = try source.scanner()
        var rows: [JSONObject] = []
        while let record = try scanner.next() {
            switch record {
            case .record(let extent, let bytes):
                rows.append(try source.columns(of: bytes, line: extent.line))
            case .bad(let row): throw row
            }
        }
        return rows
    }

    @Test(.timeLimit(.minutes(3)), arguments: ["kinds.parquet", "kinds-stream.arrow"])
    func spoiledFilesAreRowsOrErrors(_ name: String) throws {
        let scratch = try ScratchFolder()
        let sound = try Data(
            contentsOf: Fixtures.folder.appending(path: "datasets").appending(path: name))
        try Damage.cases(24) { damage in
            let file = scratch.url.appending(path: name)
            let bytes = damage.spoil([UInt8](sound))
            Damage.note(Data(bytes).base64EncodedString())
            try Data(bytes).write(to: file)
            do {
                // Bits turned in a text leave a sound file.
                #expect(try Self.rows(file.path, in: scratch).count <= 3)
            } catch {
                #expect("\(error)".contains(name), "\(error)")
            }
        }
    }

    @Test(.timeLimit(.minutes(3))) func wrongBeginningsAndEndsAreErrors() throws {
        let scratch = try ScratchFolder()
        let sound = [UInt8](
            try Data(contentsOf: Fixtures.folder.appending(path: "datasets/kinds.parquet")))
        let file = scratch.url.appending(path: "rows.parquet")
        let cases: [[UInt8]] = [
            Array(sound.prefix(sound.count / 2)), Array(sound.dropLast(4)),
            Array("PAR2".utf8) + sound.dropFirst(4), Array("ARROW1\0\0".utf8), [],
            // The length of the footer says more than there is.
            Array(sound.dropLast(8)) + [0xFF, 0xFF, 0xFF, 0x7F] + Array("PAR1".utf8),
        ]
        for bytes in cases {
            try Data(bytes).write(to: file)
            do {
                // pyarrow looks at the end only.
                _ = try Self.rows(file.path, in: scratch)
                #expect(bytes.suffix(4) == Array("PAR1".utf8)[...])
            } catch {
                #expect("\(error)".contains("rows.parquet"), "\(error)")
            }
        }
    }

    @Test(.timeLimit(.minutes(3)), arguments: ["kinds.parquet", "kinds.arrow"])
    func rareKindsOfColumnsAreRead(_ name: String) throws {
        let rows = try Self.rows(
            Self.strange.appending(path: name).path, in: ScratchFolder())
        #expect(JSONValue.array(rows.map(JSONValue.object)) == (try Self.expected("kinds")))
    }

    @Test(.timeLimit(.minutes(3))) func whatCannotBeRowsIsToldOfWithTheColumn() throws {
        let refused = try #require(Self.expected("refused").objectValue)
        for (name, word) in refused {
            let path = Self.strange.appending(path: name).path
            let word = try #require(word.stringValue)
            guard !word.isEmpty else {
                #expect(try Self.rows(path, in: ScratchFolder()).isEmpty, "\(name)")
                continue
            }
            #expect("\(name)") {
                try Self.rows(path, in: ScratchFolder())
            } throws: { error in
                "\(error)".contains(name) && "\(error)".contains(word)
            }
        }
    }

    @Test(.timeLimit(.minutes(3))) func thousandsOfColumnsAreRead() throws {
        let scratch = try ScratchFolder()
        var row = JSONObject()
        for column in 0..<3000 { row["c\(column)"] = .int(column) }
        let lines = try scratch.file("rows.jsonl", JSONValue.object(row).text() + "\n")
        let file = scratch.url.appending(path: "rows.parquet")
        try ParquetFile.write(lines, to: file)
        #expect(try Self.rows(file.path, in: scratch) == [row])
    }
}

/// Whether the interpreter that converts such files has pyarrow.
private let hasPyarrow: Bool = {
    guard let python = try? PythonSearch.interpreter(declared: nil) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = ["-c", "import pyarrow"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()
