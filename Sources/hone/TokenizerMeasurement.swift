import Foundation
import HoneCore
import HoneText
import OrderedCollections

/// What `Benchmarks/tokenizer.py` sets beside the `tokenizers` library.
enum TokenizerMeasurement {
    /// Prints one object: seconds of processor time to load the tokenizer in `model` and to encode
    /// and decode the texts of the rows of `input`, with the number of bytes and tokens.
    static func run(model: String, input: String) throws {
        var rows = try RowStream(path: input)
        var texts: [String] = []
        while let row = try rows.next() {
            guard let text = try row.content.get().string("text") else {
                throw RowStream.RowError("line \(row.line): a row to measure needs \"text\"")
            }
            texts.append(text)
        }
        let start = processorSeconds()
        let tokenizer = try Tokenize.load(model)
        let loaded = processorSeconds()
        // The first pass fills the cache, as the library's is filled by its first.
        for text in texts { _ = try tokenizer.encode(text, addSpecialTokens: true) }
        let warm = processorSeconds()
        let ids = try texts.map { try tokenizer.encode($0, addSpecialTokens: true) }
        let encoded = processorSeconds()
        var count = 0
        for row in ids { count += tokenizer.decode(row, skipSpecialTokens: false).utf8.count }
        let decoded = processorSeconds()
        let report: JSONObject = [
            "load": .double(loaded - start), "encode": .double(encoded - warm),
            "decode": .double(decoded - encoded), "first_encode": .double(warm - loaded),
            "bytes": .int(texts.reduce(0) { $0 + $1.utf8.count }),
            "tokens": .int(ids.reduce(0) { $0 + $1.count }), "decoded_bytes": .int(count),
        ]
        StandardOutput.write(line: JSONValue.object(report).text())
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
