import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct AskedRowsTests {
    static func row(_ index: Int, _ answer: String) -> DatasetRow {
        DatasetRow(
            index: index,
            prompt: .messages([
                ChatMessage(role: "user", content: "q\(index)", extra: ["name": "a"])
            ]),
            columns: ["answer": .string(answer), "nums": [1, 2.5], "none": .null])
    }

    static func lines(_ file: URL) throws -> [JSONValue] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }

    @Test func eachRowIsWrittenOnceAndReadBackAsItWasAtAStep() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "rows.jsonl")
        var rows = try AskedRows(file)
        let text = DatasetRow(index: 2, prompt: .text("plain"), columns: [:])
        try rows.add([Self.row(1, "x"), Self.row(1, "x"), text], .training, step: 1)
        try rows.add([text, Self.row(1, "x")], .training, step: 2)
        #expect(try Self.lines(file).count == 2)
        // Held-out rows may be counted in a file of their own.
        try rows.add([Self.row(1, "held")], .evaluation, step: 2)
        // A run that was resumed on a changed dataset.
        try rows.add([Self.row(1, "y")], .training, step: 3)
        #expect(try Self.lines(file).count == 4)

        let history = try AskedRows.history(file)
        #expect(history.row(1, .training, step: 2) == Self.row(1, "x"))
        #expect(history.row(1, .training, step: 9) == Self.row(1, "y"))
        #expect(history.row(1, .evaluation, step: 2) == Self.row(1, "held"))
        #expect(history.row(2, .training, step: 1) == text)
        #expect(history.row(2, .evaluation, step: 1) == nil)
        #expect(history.row(3, .training, step: 1) == nil)
    }

    @Test func aResumedRunWritesAgainOnlyWhatWasCut() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "rows.jsonl")
        var rows = try AskedRows(file)
        try rows.add([Self.row(1, "x")], .training, step: 1)
        let length = try rows.length()
        try rows.add([Self.row(2, "x")], .training, step: 2)
        // Killed while it wrote the next.
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"phase":"tr"#.utf8))
        try handle.close()
        #expect(try AskedRows.history(file).row(2, .training, step: 2) == Self.row(2, "x"))

        var resumed = try AskedRows(file)
        try resumed.cut(to: length)
        try resumed.add([Self.row(1, "x"), Self.row(2, "x")], .training, step: 2)
        #expect(try Self.lines(file).map { $0["row"] } == [1, 2])
    }
}
