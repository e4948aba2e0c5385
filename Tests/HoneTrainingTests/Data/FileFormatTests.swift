import Foundation
import HoneCore
import HoneTraining
import OrderedCollections
import Testing

/// How each format of text is told apart and read.
@Suite struct FileFormatTests {
    static let columns: JSONObject = ["prompt": "hi", "n": "1"]

    /// The columns of the rows of a file.
    static func rows(
        _ text: String, named name: String, _ change: (inout DatasetConfig) -> Void = { _ in }
    ) throws -> [JSONObject] {
        try DatasetTests.prompts(text, named: name, change).train.map(\.columns)
    }

    @Test(arguments: [
        ("rows", "prompt,n\nhi,1\n"), ("rows", "prompt\tn\nhi\t1\n"),
        ("rows", "{\"prompt\": \"hi\", \"n\": \"1\"}\n"), ("rows.csv", "prompt\tn\nhi\t1"),
        ("rows.tsv", "prompt,n\r\nhi,1"), ("rows.txt", "[{\"prompt\": \"hi\", \"n\": \"1\"}]"),
        ("rows.json", "\u{FEFF}[\n  {\n    \"prompt\": \"hi\",\n    \"n\": \"1\"\n  }\n]\n"),
        ("rows.json", "{\"prompt\": \"hi\", \"n\": \"1\"}\n\n"),
        ("rows.csv", "{\"prompt\": \"hi\", \"n\": \"1\"}\n"),
    ])
    func theContentSaysTheFormat(name: String, text: String) throws {
        #expect(try Self.rows(text, named: name) == [Self.columns])
    }

    @Test func tabsMayStandInCSVAndCommasInTSV() throws {
        #expect(
            try Self.rows("prompt,n\t\na,b\n", named: "r.csv") == [["prompt": "a", "n\t": "b"]])
        #expect(
            try Self.rows("prompt\tn,\n\"a\tb\"\tc,d\n", named: "r.tsv")
                == [["prompt": "a\tb", "n,": "c,d"]])
    }

    @Test func compressedAndUTF16FilesAreTold() {
        for (bytes, word) in [
            ([0x1F, 0x8B, 8], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
            ([0xFF, 0xFE, 0x7B, 0], "UTF-16"),
        ] as [([UInt8], String)] {
            #expect {
                try ReadRows(DatasetConfig(path: temporaryFile("rows.jsonl", bytes)))
            } throws: { "\($0)".contains(word) }
        }
    }

    // MARK: JSON documents

    @Test func readsTheListInsideADocument() throws {
        let text = """
            {"version": 2, "other": [{"prompt": "no"}, "]"], "data": {"x": "}", "rows":
              [{"prompt": "a", "deep": [[1, "]"], {"k": "\\"}"}]},

               {"prompt": "b"}]}, "after": 1}
            """
        let rows = try Self.rows(text, named: "d.json") { $0.records = "data.rows" }
        #expect(rows.map { $0["prompt"] } == ["a", "b"])
        #expect(rows[0]["deep"] == [[1, "]"], ["k": "\"}"]])
    }

    @Test func faultsOfADocumentAreToldWithTheirLine() {
        func problems(_ text: String, records: String? = nil) -> [String] {
            DatasetTests.problems(text, named: "d.json") { $0.records = records }
        }
        #expect(
            problems("[\n{\"prompt\": \"a\"},\n{\"prompt\":\n 1 2},\n{\"prompt\": \"b\"}, 7]")
                == [
                    "d.json:4: not JSON: expected ',' or '}' in an object",
                    "d.json:5: a row is an object such as {\"prompt\": …}, found an integer",
                ])
        #expect(
            problems("[\n{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}]")
                == ["d.json:3: expected ',' or ']' in the list, found {"])
        #expect(problems("[{\"prompt\": \"a\"}") == ["d.json:1: the list is not closed"])
        #expect(
            problems("[{\"prompt\": \"a\"}] []") == ["d.json:1: text after the end of the list"])
        #expect(problems("[\n{\"prompt\": \"a}").first?.contains("not closed") == true)
        #expect(problems("{\"data\": []}").first?.contains("dataset.records") == true)
        #expect(
            problems("{\"date\": [], \"x\": {\"y\": [1]}}", records: "data").first
                == "d.json:1: there is no member data; did you mean date?")
        #expect(
            problems("{\"data\": 3}", records: "data").first == "d.json:1: data is no list of rows")
    }

    // MARK: Tolerance and duplicates

    @Test func badRowsAreToleratedUpToTheLimitAndToldOf() throws {
        let text = "{\"prompt\": \"a\"}\nx\n{\"prompt\": 1}\n{\"prompt\": \"b\"}\n"
        #expect(DatasetTests.problems(text) { $0.maxBadRows = 1 }.count == 2)
        let rows = try DatasetTests.prompts(text) { $0.maxBadRows = 2 }
        #expect(rows.train.map(\.index) == [0, 3])
        #expect(rows.warnings.count == 1)
        #expect(
            rows.warnings[0].contains(
                "2 of 4 rows are bad and left out; the first: line 2: not JSON"))
        // Half of four rows are two.
        #expect(try DatasetTests.prompts(text) { $0.maxBadFraction = 0.5 }.train.count == 2)
        #expect(DatasetTests.problems(text) { $0.maxBadFraction = 0.49 }.count == 2)
    }

    @Test func duplicatesAreKeptDroppedOrRefused() throws {
        let text = "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \"a\", \"n\": 2}\n"
        #expect(try DatasetTests.prompts(text).train.count == 3)
        let dropped = try DatasetTests.prompts(text) { $0.duplicates = .drop }
        #expect(dropped.train.map(\.index) == [0, 1])
        #expect(dropped.warnings.count == 1)
        #expect(
            DatasetTests.problems(text) { $0.duplicates = .refuse }
                == ["rows.jsonl:3: asks what an earlier row asks"])
    }

    // MARK: Random access

    @Test func rowsAreReadAgainInAnyOrder() throws {
        // Longer than the stretch of the file that is in view at a time (256 KiB).
        let text = (0..<3000).map {
            "{\"prompt\": \"\($0)\", \"pad\": \"\(String(repeating: "é", count: $0 % 200))\"}\n"
        }.joined()
        #expect(text.utf8.count > 1 << 19)
        let data = try Dataset<DatasetRow>.prompts(
            DatasetConfig(path: try temporaryFile("rows.jsonl", text)))
        for position in [2999, 0, 1777, 1, 1777] {
            #expect(try data.train.row(at: position).prompt == .text("\(position)"))
        }
    }

    @Test func separatedRowsLongerThanTheViewAreRead() throws {
        let long = String(repeating: "word \"\"quoted\"\"\n", count: 40_000)
        let text = "prompt,n\nshort,1\n\"\(long)\",2\nlast,3\n"
        let data = try DatasetTests.prompts(text, named: "r.csv")
        #expect(data.train.map { $0.columns["n"] } == ["1", "2", "3"])
        #expect(
            data.train[1].prompt
                == .text(long.replacing("\"\"", with: "\"")))
    }

    @Test func aFileThatChangesIsNoticed() throws {
        let path = try temporaryFile("rows.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n")
        let data = try Dataset<DatasetRow>.prompts(DatasetConfig(path: path))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data("{\"prompt\": \"longer\"}\n{\"prompt\": \"b\"}\n".utf8))
        try handle.close()
        #expect(throws: DatasetError.changed(path: path)) { try data.train.row(at: 1) }
    }
}
