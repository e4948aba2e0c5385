import Foundation
import HoneCore
import HoneInference
import HoneText
import OrderedCollections

/// Answers one prompt on standard output.
struct CompletionPrinter {
    enum Form {
        case text
        case rows
    }

    let engine: Engine
    let tokenizer: Tokenizer
    let stop: (any StopCondition)?

    func print(_ request: GenerationRequest, as form: Form) throws {
        engine.prepare(for: request)
        switch form {
        case .rows:
            for (sample, completion) in try engine.generate([request], stop: stop)[0].enumerated() {
                var row: JSONObject = ["index": 0]
                for (key, value) in Self.row(completion, sample: sample, tokenizer) {
                    row[key] = value
                }
                StandardOutput.write(line: JSONValue.object(row).text())
            }
        case .text where request.count == 1: try stream(request)
        case .text:
            for (sample, completion) in try engine.generate([request], stop: stop)[0].enumerated() {
                StandardError.write(line: "--- \(sample + 1) of \(request.count)")
                StandardOutput.write(
                    line: tokenizer.decode(completion.tokens, skipSpecialTokens: true))
            }
        }
    }

    /// Writes text as it comes.
    private func stream(_ request: GenerationRequest) throws {
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        _ = try engine.submit(request, stop: stop)
        while !engine.isIdle {
            for case .token(_, _, let token, _, _) in try engine.step() {
                StandardOutput.write(decoder.append(token))
            }
        }
        StandardOutput.write(decoder.finish() + "\n")
    }

    /// What a completion is in rows of output, without `index`.
    static func row(_ completion: Completion, sample: Int, _ tokenizer: Tokenizer) -> JSONObject {
        [
            "sample": .int(sample),
            "completion_ids": .array(completion.tokens.map { .int(Int($0)) }),
            "text": .string(tokenizer.decode(completion.tokens, skipSpecialTokens: true)),
            "logprobs": .array(completion.logProbabilities.map { .double(Double($0)) }),
            "raw_logprobs": .array(completion.rawLogProbabilities.map { .double(Double($0)) }),
            "finish_reason": .string(completion.finishReason.rawValue),
        ]
    }
}

extension StandardOutput {
    /// Writes `text` at once, without a newline.
    static func write(_ text: String) {
        guard !text.isEmpty else { return }
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
