import ArgumentParser
import Foundation
import HoneCore
import HoneModels
import HoneText
import HoneTraining
import OrderedCollections

struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how probable a model finds given completions, token by token.",
        discussion: """
            Input rows are {"prompt": "…", "completion": "…"} or {"prompt_ids": […], \
            "completion_ids": […]}. The prompt is encoded with the tokenizer's special tokens, the \
            completion without. Output rows are {"index": 0, "completion_ids": […], "logprobs": […], \
            "sum": …, "perplexity": …}; log-probabilities are in nats, perplexity is \
            exp(-sum / tokens), null for a completion without tokens. A row that cannot be answered \
            gives {"index": 0, "error": "…"} and exit code 65 at the end.

            Example:
              hone score --model Qwen2.5-0.5B --input rows.jsonl > scores.jsonl
            """)

    @OptionGroup var model: ModelOptions

    @Option(parsing: .unconditional, help: "Divides the logits before the softmax.")
    var temperature = 1.0

    @Option(help: ArgumentHelp("A file of rows, or - for standard input.", valueName: "file"))
    var input: String

    @OptionGroup var form: RowsAreJSON

    /// Rows that are scored in one go.
    private static let window = 64

    func validate() throws {
        if !(temperature > 0 && temperature.isFinite) {
            throw ValidationError("--temperature is \(temperature), but must be above 0")
        }
    }

    func run() throws {
        var rows = try RowStream(path: input)
        let language = try model.load()
        let scorer = TokenScorer(model: language.model, temperature: temperature)
        var batch: [(index: Int, item: Result<TokenScorer.Item, any Error>)] = []
        while let row = try rows.next() {
            let item = Result { try Self.item(row.content.get(), language.text.tokenizer, scorer) }
            batch.append((row.index, item))
            if batch.count == Self.window {
                try Self.answer(batch, scorer, &rows)
                batch = []
            }
        }
        try Self.answer(batch, scorer, &rows)
        try rows.finish()
    }

    private static func answer(
        _ batch: [(index: Int, item: Result<TokenScorer.Item, any Error>)], _ scorer: TokenScorer,
        _ rows: inout RowStream
    ) throws {
        let items = batch.compactMap { try? $0.item.get() }
        var scores = try scorer.score(items).makeIterator()
        for (index, item) in batch {
            switch item {
            case .failure(let error): rows.fail(error, for: index)
            case .success(let item): rows.write(row(item, scores.next() ?? []), for: index)
            }
        }
    }

    private static func item(
        _ row: JSONObject, _ tokenizer: Tokenizer, _ scorer: TokenScorer
    ) throws -> TokenScorer.Item {
        let item: TokenScorer.Item
        if let prompt = try row.tokenIDs("prompt_ids"),
            let completion = try row.tokenIDs("completion_ids")
        {
            item = TokenScorer.Item(prompt: prompt, completion: completion)
        } else if let prompt = try row.string("prompt"),
            let completion = try row.string("completion")
        {
            item = TokenScorer.Item(
                prompt: try tokenizer.encode(prompt, addSpecialTokens: true),
                completion: try tokenizer.encode(completion, addSpecialTokens: false))
        } else {
            throw RowStream.RowError(
                "a row needs \"prompt\" and \"completion\", or \"prompt_ids\" and "
                    + "\"completion_ids\"")
        }
        if let refusal = scorer.refusal(of: item) { throw refusal }
        return item
    }

    private static func row(_ item: TokenScorer.Item, _ scores: [Float]) -> JSONObject {
        let sum = scores.reduce(0.0) { $0 + Double($1) }
        return [
            "completion_ids": .array(item.completion.map { .int(Int($0)) }),
            "logprobs": .array(scores.map { .double(Double($0)) }),
            "sum": .double(sum),
            "perplexity": scores.isEmpty ? .null : .double(exp(-sum / Double(scores.count))),
        ]
    }
}
