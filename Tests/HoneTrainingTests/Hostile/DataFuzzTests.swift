import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneTraining

/// Files of rows that are none: each ends in rows or in an error that names file and line.
@Suite struct DataFuzzTests {
    private static let sound: [(name: String, text: String)] = [
        (
            "rows.jsonl",
            """
            {"prompt": "a", "n": [1, 2], "x": {"y": null}}
            {"prompt": "é😀\\n", "n": [3], "x": {"y": 1.5e3}}
            {"prompt": "c", "n": [], "x": {"y": "z"}}
            """
        ),
        ("rows.csv", "prompt,n\r\n\"a, \"\"b\"\"\",1\r\nc,2\r\n"),
        ("rows.tsv", "prompt\tn\na\t1\nb\t2\n"),
        ("rows.json", "[{\"prompt\": \"a\", \"n\": 1}, {\"prompt\": \"b\", \"n\": 2}]"),
        ("rows", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n"),
    ]

    /// Reads a file as a run would; errors name it.
    private static func read(_ folder: ScratchFolder, _ name: String, _ bytes: [UInt8]) throws {
        let file = folder.url.appending(path: name)
        try Data(bytes).write(to: file)
        do {
            _ = try ReadRows(DatasetConfig(path: file.path))
        } catch {
            #expect("\(error)".contains(file.lastPathComponent), "\(error)")
        }
    }

    @Test(arguments: sound.indices) func spoiledFilesAreRowsOrErrors(_ index: Int) throws {
        let folder = try ScratchFolder()
        let (name, text) = Self.sound[index]
        try Damage.cases(200) { damage in
            let bytes = damage.spoil(Array(text.utf8))
            Damage.note(String(decoding: bytes, as: UTF8.self))
            try Self.read(folder, name, bytes)
        }
    }

    @Test func strangeFilesAreRowsOrErrors() throws {
        let folder = try ScratchFolder()
        func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        let deep = "{\"prompt\": " + many("[", 10_000) + many("]", 10_000) + "}\n"
        let texts: [String] = [
            "", "\n", "\u{FEFF}", "\u{FEFF}\n", "\r\n\r\n", "\u{0}", "\u{0}\n\u{0}", "{}", "{}\n{}",
            "[]", "[[]]", "[1]", "null", "1e999", "\"",
            deep, many("[", 100_000), many("{\"a\":", 100_000), "{\"prompt\": 1e999}",
            "{\"prompt\": -1e999, \"n\": NaN}",
            "{\"prompt\": \"\\ud800\"}", "{\"prompt\": \"\\u0000\"}",
            "{\"prompt\": \"a\", \"prompt\": \"b\"}",
            "prompt\n" + many("a,", 100_000), many("a,", 100_000) + "\n" + many("b,", 100_000),
            "prompt,prompt\na,b\n", ",\n,\n", "\"\n", "prompt\n\"a",
            "prompt,n\na\nb,1,2\n", "prompt,n\r\na,1\rb,2\r\n", many("\"", 99_999),
            "prompt\n" + many("\"\"", 100_000),
            "{\"prompt\": \"" + many("x", 1_000_000) + "\"}\n",
            "{\"prompt\": \"a\"}\r\n{\"prompt\": \"b\"}\r\n", "PAR1", "PAR1xxxxPAR1", "ARROW1",
            "ARROW1\u{0}\u{0}",
        ]
        for name in ["rows.jsonl", "rows.json", "rows.csv", "rows.tsv", "rows"] {
            for text in texts {
                Damage.note("\(name): \(text.prefix(100))")
                let begun = Damage.processorSeconds()
                try Self.read(folder, name, Array(text.utf8))
                #expect(Damage.processorSeconds() - begun < 20, "\(name): \(text.prefix(40))")
            }
        }
        for bytes in [
            [0xFF], [0xC3, 0x28], [0xFF, 0xFE, 0x61, 0], [0x22, 0xED, 0xA0, 0x80, 0x22],
        ] as [[UInt8]] {
            try Self.read(
                folder, "rows.jsonl", Array("{\"prompt\": \"".utf8) + bytes + Array("\"}".utf8))
            try Self.read(folder, "rows.csv", Array("prompt,n\na,".utf8) + bytes)
        }
    }

    /// A line of more than 64 MiB is refused with its place, and the file is not held in memory for it.
    @Test func anEndlessLineIsRefused() throws {
        let folder = try ScratchFolder()
        let file = folder.url.appending(path: "rows.jsonl")
        try Data("{\"prompt\": \"a\"}\n{\"prompt\": \"".utf8).write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        // A hole of 200 MB, which takes no room on the disk.
        try handle.truncate(atOffset: 200 << 20)
        try handle.close()
        #expect {
            _ = try ReadRows(DatasetConfig(path: file.path))
        } throws: { error in
            "\(error)".contains("rows.jsonl:2") && "\(error)".contains("64 MiB")
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNoFileIsAnErrorAtOnce() throws {
        let folder = try ScratchFolder()
        let pipe = folder.url.appending(path: "rows.jsonl").path
        #expect(mkfifo(pipe, 0o600) == 0)
        let inside = folder.url.appending(path: "folder.jsonl").path
        try FileManager.default.createDirectory(atPath: inside, withIntermediateDirectories: true)
        let link = folder.url.appending(path: "link.jsonl").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: link)
        for path in [
            pipe, inside, link, "/dev/zero", "/dev/null", folder.url.path + "/absent.jsonl", "",
            "/",
        ] {
            #expect(throws: (any Error).self, "\(path)") { try ReadRows(DatasetConfig(path: path)) }
        }
    }
}
