import ArgumentParser
import Foundation
import HoneCore
import HoneText
import OrderedCollections

struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the token ids of texts, or the text of token ids.",
        discussion: """
            Texts are given as arguments, or as rows of a file: {"text": "…"} gives {"index": 0, \
            "ids": […]}, and {"ids": […], "skip_special": true} gives {"index": 0, "text": "…"}. \
            Ids that no token has are left out of a text. A row that cannot be answered gives \
            {"index": 0, "error": "…"} and exit code 65 at the end.

            Examples:
              hone tokenize --model Qwen2.5-0.5B "Hello, world"
              hone tokenize --model Qwen2.5-0.5B --input rows.jsonl > ids.jsonl
            """)

    @Option(help: ArgumentHelp("A folder with tokenizer.json.", valueName: "folder"))
    var model: String

    @Flag(
        name: .customLong("no-special"),
        help: """
            Add no tokens around a text, such as the one that begins a sequence. Special tokens \
            written out in the text become their ids either way.
            """)
    var omitsSpecialTokens = false

    @Option(help: ArgumentHelp("A file of rows, or - for standard input.", valueName: "file"))
    var input: String?

    @OptionGroup var form: RowsAreJSON

    @Flag(
        help: ArgumentHelp(
            "Print processor seconds of loading, encoding and decoding the rows of --input.",
            visibility: .hidden))
    var measure = false

    @Argument(help: "Texts to encode, one output row each.")
    var text: [String] = []

    func validate() throws {
        guard (input == nil) != text.isEmpty else {
            throw ValidationError(
                "give texts to encode, or --input with a file of rows"
                    + (input == nil ? "" : "; not both"))
        }
        try Self.checkArgumentBytes()
    }

    /// Refuses arguments that are not UTF-8, which Swift would have repaired by now.
    private static func checkArgumentBytes() throws {
        for index in 1..<max(Int(CommandLine.argc), 1) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            let count = strlen(argument)
            let isValid = argument.withMemoryRebound(to: UInt8.self, capacity: count) {
                UTF8Check.firstInvalidByte(of: UnsafeBufferPointer(start: $0, count: count)) == nil
            }
            guard isValid else {
                throw ValidationError("argument \(index) is not valid UTF-8")
            }
        }
    }

    func run() throws {
        if measure {
            try TokenizerMeasurement.run(model: model, input: input ?? "-")
            return
        }
        let tokenizer = try Self.load(model)
        if let input {
            var rows = try RowStream(path: input)
            try rows.answer { [try Self.answer($0, tokenizer, addsSpecial: !omitsSpecialTokens)] }
            return
        }
        for (index, text) in text.enumerated() {
            let ids = try tokenizer.encode(text, addSpecialTokens: !omitsSpecialTokens)
            let row: JSONObject = ["index": .int(index), "ids": Self.list(ids)]
            StandardOutput.write(line: JSONValue.object(row).text())
        }
    }

    static func load(_ folder: String) throws -> Tokenizer {
        do throws(TokenizerError) {
            return try Tokenizer(folder: URL(filePath: folder))
        } catch {
            StandardError.write(line: "Error: \(error)")
            throw RowStream.badData
        }
    }

    private static func answer(
        _ row: JSONObject, _ tokenizer: Tokenizer, addsSpecial: Bool
    ) throws -> JSONObject {
        let text = try row.string("text")
        let ids = try row.tokenIDs("ids")
        switch (text, ids) {
        case (let text?, nil):
            return ["ids": list(try tokenizer.encode(text, addSpecialTokens: addsSpecial))]
        case (nil, let ids?):
            let skips = try row.bool("skip_special") ?? false
            return ["text": .string(tokenizer.decode(ids, skipSpecialTokens: skips))]
        default: throw RowStream.RowError("a row needs either \"text\" or \"ids\"")
        }
    }

    private static func list(_ ids: [Int32]) -> JSONValue { .array(ids.map { .int(Int($0)) }) }
}
