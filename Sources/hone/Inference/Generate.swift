import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneTraining
import OrderedCollections

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw completions from a model.",
        discussion: """
            The prompt is --prompt (text), --messages (a JSON file with a list of messages, put \
            through the model's chat template; a last message of the assistant is continued), or rows \
            of --input: {"prompt": "…"}, {"messages": […]} or {"prompt_ids": […]}.

            A single prompt is answered with the text, token by token in a terminal. With --json, and \
            always for --input, each completion is a row: {"index": 0, "sample": 0, "completion_ids": \
            […], "text": "…", "logprobs": […], "raw_logprobs": […], "finish_reason": "stop" or \
            "length"}. logprobs are in nats under the distribution drawn from, raw_logprobs those of \
            the model at temperature 1.

            Tokens depend on --seed and the row's number, not on what else is in the file. A row that \
            cannot be answered gives {"index": 0, "error": "…"} and exit code 65 at the end.

            Examples:
              hone generate --model DIR --prompt "The capital of France is"
              hone generate --model DIR --messages question.json --temperature 0
              hone generate --model DIR --adapter DIR --input rows.jsonl --n 8
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var sampling: SamplingOptions

    @Option(help: ArgumentHelp("A text to continue.", valueName: "text"))
    var prompt: String?

    @Option(
        help: ArgumentHelp("A JSON file with messages, or - for standard input.", valueName: "file")
    )
    var messages: String?

    @Option(help: ArgumentHelp("A file of rows, or - for standard input.", valueName: "file"))
    var input: String?

    @Option(parsing: .unconditional, help: "Completions for each prompt.")
    var n = 1

    @Flag(help: "Rows of JSON instead of text.")
    var json = false

    func validate() throws {
        guard [prompt, messages, input].compactMap({ $0 }).count == 1 else {
            throw ValidationError(
                "what to continue: give one of --prompt TEXT, --messages FILE and --input FILE"
                    + (prompt ?? messages ?? input == nil ? "" : ", not two of them"))
        }
        if n < 1 { throw ValidationError("--n must be at least 1") }
    }

    func run() throws {
        let conversation = try messages.map(Self.readMessages)
        let language = try model.load()
        let reader = PromptReader(text: language.text)
        let engine = try sampling.engine(language)
        if let input {
            try GenerationRows(
                engine: engine, reader: reader, tokenizer: language.text.tokenizer,
                parameters: sampling.parameters, count: n, seed: sampling.seed,
                stop: sampling.stopCondition(language)
            ).answer(RowStream(path: input))
            return
        }
        let tokens = try conversation.map(reader.tokens) ?? reader.tokens(of: prompt ?? "")
        let request = GenerationRequest(
            promptTokens: tokens, count: n, parameters: sampling.parameters,
            stream: RandomStream(seed: sampling.seed))
        let printer = CompletionPrinter(
            engine: engine, tokenizer: language.text.tokenizer,
            stop: sampling.stopCondition(language))
        try printer.print(request, as: json ? .rows : .text)
    }

    private static func readMessages(_ path: String) throws -> [ChatMessage] {
        // A pipe will do, as `<(…)` of a shell gives one.
        let handle = path == "-" ? .standardInput : FileHandle(forReadingAtPath: path)
        guard let handle, let data = try? handle.readToEnd() ?? Data() else {
            throw ValidationError("--messages \(path): no such file, or it may not be read")
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: [UInt8](data))
        } catch {
            throw RowStream.RowError(
                "\(path), line \(error.line), column \(error.column): \(error.message)")
        }
        do {
            return try PromptReader.messages(json)
        } catch let error as RowStream.RowError {
            throw RowStream.RowError("\(path): \(error)")
        }
    }
}
