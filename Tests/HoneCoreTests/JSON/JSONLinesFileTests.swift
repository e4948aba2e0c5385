import Foundation
import HoneCore
import TestSupport
import Testing

@Suite struct JSONLinesFileTests {
    private static func lines(_ url: URL) throws -> [String] {
        try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test func twoThatShareAFileKeepEachOthersLines() throws {
        let scratch = try ScratchFolder()
        let url = scratch.url.appending(path: "shared.jsonl")
        let (first, second) = (try JSONLinesFile(url), try JSONLinesFile(url))
        for number in 0..<3 {
            try first.append([.int(10 * number)])
            try second.append([.int(10 * number + 1), .int(10 * number + 2)])
        }
        #expect(try Self.lines(url) == ["0", "1", "2", "10", "11", "12", "20", "21", "22"])
    }

    @Test func goesOnAfterWhatIsThereAndAfterACut() throws {
        let scratch = try ScratchFolder()
        let url = scratch.url.appending(path: "rows.jsonl")
        try JSONLinesFile(url).append([.string("kept")])
        let file = try JSONLinesFile(url)
        let length = try file.length()
        #expect(length == 7)
        try file.append([.string("dropped")])
        try file.cut(to: length)
        try file.append([.bool(true)])
        #expect(try Self.lines(url) == ["\"kept\"", "true"])
    }

    @Test func aLineCutShortDoesNotSwallowTheNext() throws {
        let scratch = try ScratchFolder()
        let url = try scratch.file("rows.jsonl", "{\"a\":1}\n{\"a\":")
        let file = try JSONLinesFile(url)
        try file.endLine()
        try file.append([["a": 3]])
        #expect(try Self.lines(url) == ["{\"a\":1}", "{\"a\":", "{\"a\":3}"])
    }

    @Test func aFolderThatIsNotThereIsToldByItsPath() {
        #expect {
            try JSONLinesFile(URL(filePath: "/nowhere/rows.jsonl"))
        } throws: {
            "\($0)".contains("/nowhere/rows.jsonl could not be written")
        }
    }
}
