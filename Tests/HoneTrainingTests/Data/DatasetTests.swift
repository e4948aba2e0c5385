import Foundation
import HoneCore
import HoneTraining
import OrderedCollections
import TestSupport
import Testing

/// A file in a folder of its own.
func temporaryFile(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = try ScratchFolder.ofTheProcess().appending(path: name)
    try Data(bytes).write(to: file)
    return file.path
}

func temporaryFile(_ name: String, _ text: String) throws -> String {
    try temporaryFile(name, Array(text.utf8))
}

/// The rows of a dataset, all read.
struct ReadRows {
    var train: [DatasetRow]
    var test: [DatasetRow]
    var warnings: [String]

    init(_ config: DatasetConfig) throws {
        let data = try Dataset<DatasetRow>.prompts(config)
        train = try data.train.all()
        test = try data.test.all()
        warnings = data.warnings
    }
}

@Suite struct DatasetTests {
    static func prompts(
        _ text: String, named name: String = "rows.jsonl",
        _ change: (inout DatasetConfig) -> Void = { _ in }
    ) throws -> ReadRows {
        var config = DatasetConfig(path: try temporaryFile(name, text))
        change(&config)
        return try ReadRows(config)
    }

    /// The lines of the error that reading `text` gives, without the path.
    static func problems(
        _ text: String, named name: String = "rows.jsonl",
        _ change: (inout DatasetConfig) -> Void = { _ in }
    ) -> [String] {
        do {
            _ = try prompts(text, named: name, change)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { line in
                line.split(separator: "/").last.map(String.init) ?? ""
            }
        }
    }

    // MARK: JSON lines

    @Test func keepsColumnsWithTheirTypes() throws {
        let data = try Self.prompts(
            """
            {"prompt": "a", "nums": [1, 2.5], "target": 7, "extra": {"x": null}}

            {"prompt": "b", "ok": true}\r

            """)
        #expect(data.train.map(\.prompt) == [.text("a"), .text("b")])
        #expect(data.train.map(\.index) == [0, 1])
        #expect(data.train[0].columns["nums"] == [1, 2.5])
        #expect(data.train[0].columns["target"] == 7)
        #expect(data.train[0].columns["extra"] == ["x": nil])
        #expect(data.train[1].columns["ok"] == true)
    }

    @Test func readsConversations() throws {
        let data = try Self.prompts(
            #"{"messages": [{"role": "user", "content": "hi", "name": "Ann"}]}"#)
        #expect(
            data.train[0].prompt
                == .messages([ChatMessage(role: "user", content: "hi", extra: ["name": "Ann"])]))
    }

    @Test func readsAConversationUnderPrompt() throws {
        let data = try Self.prompts(#"{"prompt": [{"role": "user", "content": "hi"}]}"#)
        #expect(data.train[0].prompt == .messages([ChatMessage(role: "user", content: "hi")]))
    }

    @Test func everyBadRowIsListedWithItsLine() {
        let found = Self.problems(
            """
            {"prompt": "good"}
            {"prompt": 3}
            {"question": "x"}
            not JSON
            [1]
            {"messages": "x"}
            {"messages": []}
            {"messages": [{"role": "user"}]}
            {"prompt": "x", "messages": [{"role": "user", "content": "y"}]}
            """)
        #expect(
            found == [
                "rows.jsonl:2: prompt is an integer; expected a string",
                "rows.jsonl:3: no prompt: neither prompt nor messages among its columns (question); "
                    + "a prompt is made of other columns by dataset.prompt.template",
                "rows.jsonl:4: not JSON: column 1: expected a value",
                "rows.jsonl:5: a row is an object such as {\"prompt\": …}, found an array",
                "rows.jsonl:6: messages is a string; expected a list of {\"role\", \"content\"}",
                "rows.jsonl:7: messages is an empty list",
                "rows.jsonl:8: messages[0] has no content that is a string",
                "rows.jsonl:9: has both prompt and messages; remove one, or rename it with "
                    + "dataset.columns",
            ])
    }

    @Test func twentyBadRowsAreListedAndAllCounted() {
        let found = Self.problems(String(repeating: "{}\n", count: 50))
        // All have the same fault, which is told once.
        #expect(found.count == 3)
        #expect(found[0].hasPrefix("rows.jsonl:1: no prompt"))
        #expect(found[1].hasSuffix("the same: lines 2–20"))
        #expect(found.last == "… 50 bad rows in all")
    }

    @Test func invalidUTF8IsABadRow() throws {
        let bytes =
            Array("{\"prompt\": \"ok\"}\n{\"prompt\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        let path = try temporaryFile("rows.jsonl", bytes)
        #expect {
            try Dataset.prompts(DatasetConfig(path: path))
        } throws: { error in
            "\(error)".contains(":2: ") && "\(error)".contains("UTF-8")
        }
    }

    @Test func anEmptyFileAnAbsentFileAndAnUnknownEndingAreErrors() throws {
        #expect(Self.problems("")[0].hasSuffix("has no rows"))
        #expect(Self.problems("\n\n")[0].hasSuffix("has no rows"))
        #expect(Self.problems("x", named: "rows.txt")[0].contains("set dataset.format"))
        #expect {
            try Dataset.prompts(DatasetConfig(path: "/nowhere/rows.jsonl"))
        } throws: { "\($0)".contains("no such file") }
    }

    @Test func theFormatCanBeNamed() throws {
        let data = try Self.prompts("prompt\nhi\n", named: "rows.txt") { $0.format = .csv }
        #expect(data.train[0].prompt == .text("hi"))
    }

    // MARK: Prompts that the recipe writes

    static let countdown = #"{"target": 98, "nums": [44, 19, 35]}"#

    @Test func fillsTemplatesAsPythonWould() throws {
        let data = try Self.prompts(Self.countdown) {
            $0.columns = ["target": "answer", "nums": "question"]
            $0.prompt.messages = [
                MessageTemplate(role: "user", content: "Use {question} to make {answer}. {{x}}"),
                MessageTemplate(role: "assistant", content: "<think>"),
            ]
        }
        #expect(
            data.train[0].prompt
                == .messages([
                    ChatMessage(role: "user", content: "Use [44, 19, 35] to make 98. {x}"),
                    ChatMessage(role: "assistant", content: "<think>"),
                ]))
        #expect(Array(data.train[0].columns.keys) == ["answer", "question"])
    }

    @Test func systemAndPrefillMakeAConversation() throws {
        let data = try Self.prompts(Self.countdown) {
            $0.prompt.template = "Make {target}."
            $0.prompt.system = "Be brief."
            $0.prompt.prefill = "<think>"
        }
        #expect(
            data.train[0].prompt
                == .messages([
                    ChatMessage(role: "system", content: "Be brief."),
                    ChatMessage(role: "user", content: "Make 98."),
                    ChatMessage(role: "assistant", content: "<think>"),
                ]))
    }

    @Test func aTemplateAloneIsTextUnlessAConversationIsAskedFor() throws {
        let text = try Self.prompts(Self.countdown) { $0.prompt.template = "Make {target}." }
        #expect(text.train[0].prompt == .text("Make 98."))
        let chat = try Self.prompts(Self.countdown) {
            $0.prompt.template = "Make {target}."
            $0.prompt.style = .chat
        }
        #expect(chat.train[0].prompt == .messages([ChatMessage(role: "user", content: "Make 98.")]))
        let prefilled = try Self.prompts(Self.countdown) {
            $0.prompt.template = "Make {target}."
            $0.prompt.prefill = "\n<think>"
            $0.prompt.style = .text
        }
        #expect(prefilled.train[0].prompt == .text("Make 98.\n<think>"))
    }

    @Test func aPlaceholderWithoutColumnNamesTheNearest() {
        let found = Self.problems(Self.countdown) { $0.prompt.template = "Make {targt}." }
        #expect(
            found == [
                "rows.jsonl:1: the template names {targt}, which is not among its columns "
                    + "(target, nums); did you mean {target}?"
            ])
    }

    @Test func renamesThatCannotBeAreErrors() {
        #expect(Self.problems(Self.countdown) { $0.columns = ["numbers": "n"] }.count == 1)
        #expect(
            Self.problems(Self.countdown) {
                $0.columns = ["nums": "target"]
                $0.prompt.template = "x"
            } == ["rows.jsonl:1: dataset.columns: makes two columns named target"])
    }

    @Test func aRowsOwnSystemMessageIsNotReplaced() {
        let found = Self.problems(
            #"{"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]}"#
        ) { $0.prompt.system = "Be brief." }
        #expect(found.count == 1 && found[0].contains("has a system message of its own"))
    }

    // MARK: CSV

    @Test func readsQuotedCellsWithCommasQuotesAndLineBreaks() throws {
        let data = try Self.prompts(
            "\u{FEFF}prompt,answer\r\n\"a, \"\"b\"\"\r\nc\",1\r\n\r\nplain,\r\n\"\",\"x\"",
            named: "rows.csv")
        #expect(data.train.map(\.prompt) == [.text("a, \"b\"\r\nc"), .text("plain"), .text("")])
        #expect(data.train.map { $0.columns["answer"] } == ["1", "", "x"])
    }

    @Test func badCSVRowsAreListedWithTheLineTheyBeginOn() {
        let found = Self.problems(
            "prompt,answer\n\"two\nlines\",1\nragged\na,b,c\n\"x\"y,1\ngood,1\n\"open,1\n",
            named: "rows.csv")
        #expect(
            found == [
                "rows.csv:4: the row has 1 cells, the header 2 (prompt, answer)",
                "rows.csv:5: the row has 3 cells, the header 2 (prompt, answer)",
                "rows.csv:6: text after a closing quote; a quote inside a quoted cell is written "
                    + "twice",
                "rows.csv:8: a quoted cell is not closed before the end of the file",
            ])
    }

    @Test func headersMustNameEveryColumnOnce() {
        #expect(Self.problems("prompt,,a\n", named: "r.csv") == ["r.csv:1: column 2 has no name"])
        #expect(
            Self.problems("prompt,prompt\n", named: "r.csv")
                == ["r.csv:1: two columns are named prompt"])
    }

    @Test func invalidUTF8InACellIsABadRow() throws {
        let path = try temporaryFile(
            "rows.csv", Array("prompt\na\n".utf8) + [0xFF, 0x0A] + Array("b\n".utf8))
        #expect {
            try Dataset.prompts(DatasetConfig(path: path))
        } throws: { "\($0)".hasSuffix("rows.csv:3: a cell is not valid UTF-8") }
    }

    // MARK: Split

    static func numbered(_ count: Int) -> String {
        (0..<count).map { "{\"prompt\": \"\($0)\", \"key\": \($0 / 3)}\n" }.joined()
    }

    @Test func splitsByFractionRowsAndFile() throws {
        let fraction = try Self.prompts(Self.numbered(50)) { $0.test = .fraction(0.1) }
        #expect(fraction.test.count == 5 && fraction.train.count == 45)
        #expect(Set((fraction.train + fraction.test).map(\.index)) == Set(0..<50))
        let rows = try Self.prompts(Self.numbered(50)) { $0.test = .rows(7) }
        #expect(rows.test.count == 7 && rows.train.count == 43)
        let held = try temporaryFile("held.jsonl", Self.numbered(4))
        let file = try Self.prompts(Self.numbered(50)) { $0.test = .path(held) }
        #expect(file.test.count == 4 && file.train.count == 50)
    }

    @Test func theSplitIsSettledBySplitSeedAlone() throws {
        func test(_ seed: Int) throws -> [Int] {
            try Self.prompts(Self.numbered(50)) {
                $0.test = .rows(10)
                $0.splitSeed = seed
            }.test.map(\.index)
        }
        #expect(try test(0) == test(0))
        #expect(try test(0) != test(1))
        // Written down so that a change of the algorithm, which would move rows between training
        // and test of existing recipes, does not pass unseen.
        #expect(try test(0) == DatasetTests.heldOutBySeedZero)
    }
    static let heldOutBySeedZero = [12, 13, 18, 20, 26, 27, 31, 47, 48, 49]

    @Test func rowsOfOneKeyStayTogether() throws {
        let data = try Self.prompts(Self.numbered(60)) {
            $0.test = .rows(10)
            $0.splitKey = "key"
        }
        let train = Set(data.train.map { $0.columns["key"] })
        let test = Set(data.test.map { $0.columns["key"] })
        #expect(train.isDisjoint(with: test))
        // 20 keys of 3 rows: the fourth key completes 10 and brings 12.
        #expect(data.test.count == 12)
    }

    @Test func withoutShufflingTheEndIsHeldOut() throws {
        let data = try Self.prompts(Self.numbered(10)) {
            $0.test = .rows(3)
            $0.shuffle = false
        }
        #expect(data.test.map(\.index) == [7, 8, 9])
    }

    @Test func limitIsDrawnBeforeTheSplit() throws {
        let data = try Self.prompts(Self.numbered(50)) {
            $0.limit = 20
            $0.test = .fraction(0.5)
        }
        #expect(data.train.count == 10 && data.test.count == 10)
        let first = try Self.prompts(Self.numbered(50)) {
            $0.limit = 5
            $0.shuffle = false
        }
        #expect(first.train.map(\.index) == [0, 1, 2, 3, 4])
    }

    @Test func impossibleSplitsAreErrors() throws {
        #expect(Self.problems(Self.numbered(3)) { $0.test = .rows(3) }[0].contains("both sides"))
        #expect(Self.problems(Self.numbered(1)) { $0.test = .fraction(0.5) }.count == 1)
        #expect(
            Self.problems(Self.numbered(3)) {
                $0.test = .rows(1)
                $0.splitKey = "key"
            }[0].contains("same split_key"))
        // All three rows lack the column, which is told once with their lines.
        let keyless = Self.problems(Self.numbered(3)) { $0.splitKey = "kind" }
        #expect(keyless.count == 2 && keyless[0].hasPrefix("rows.jsonl:1: "))
        #expect(keyless[1].hasSuffix("the same: lines 2–3"))
    }

    @Test func rowsTrainedOnAndHeldOutAreWarnedOf() throws {
        let held = try temporaryFile("held.jsonl", Self.numbered(4))
        let data = try Self.prompts(Self.numbered(9)) {
            $0.test = .path(held)
            $0.splitKey = "key"
        }
        #expect(
            data.warnings == ["4 of 4 held-out rows have a key that is also trained on"])
    }

    // MARK: Supervised rows

    static func examples(
        _ text: String, _ change: (inout DatasetConfig) -> Void = { _ in }
    ) throws -> [SupervisedRow.Content] {
        var config = DatasetConfig(path: try temporaryFile("rows.jsonl", text))
        change(&config)
        return try Dataset.examples(config).train.all().map(\.content)
    }

    @Test func readsTheThreeKindsOfSupervisedRows() throws {
        let contents = try Self.examples(
            """
            {"prompt": "2+2=", "completion": "4"}
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
            {"text": "all of it"}
            {"prompt": [{"role": "user", "content": "a"}], \
            "completion": [{"role": "assistant", "content": "b"}]}
            """)
        #expect(
            contents == [
                .completion(prompt: .text("2+2="), completion: "4"),
                .conversation([
                    ChatMessage(role: "user", content: "a"),
                    ChatMessage(role: "assistant", content: "b"),
                ]),
                .text("all of it"),
                .completion(
                    prompt: .messages([ChatMessage(role: "user", content: "a")]), completion: "b"),
            ])
    }

    @Test func templatesWriteSupervisedRows() throws {
        let contents = try Self.examples(#"{"q": [1, 2], "a": 3}"#) {
            $0.prompt.template = "{q}="
            $0.completion.template = "{a}!"
        }
        #expect(contents == [.completion(prompt: .text("[1, 2]="), completion: "3!")])
    }

    @Test(arguments: [
        #"{"prompt": "x"}"#, #"{"completion": "x"}"#, #"{"text": 3}"#,
        #"{"prompt": "x", "completion": 3}"#,
        #"{"messages": [{"role": "user", "content": "a"}]}"#,
    ])
    func supervisedRowsWithNothingToLearnAreBad(row: String) {
        #expect(throws: DatasetError.self) { try Self.examples(row) }
    }
}
