import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneText
import HoneTraining

/// How completions are drawn, by TRL's names.
struct SamplingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Divides the logits; 0 takes the most probable token.")
    var temperature = 1.0

    @Option(parsing: .unconditional, help: "Keep this many most probable tokens; 0 keeps all.")
    var topK = 0

    @Option(
        parsing: .unconditional,
        help: "Keep the smallest set of tokens whose probability reaches this.")
    var topP = 1.0

    @Option(
        parsing: .unconditional,
        help: "Keep tokens at least this many times as probable as the most probable.")
    var minP = 0.0

    @Option(
        parsing: .unconditional,
        help: "Makes tokens that occurred less probable; 1 changes nothing.")
    var repetitionPenalty = 1.0

    @Option(
        name: [.customLong("max-tokens"), .customLong("max-completion-length")],
        parsing: .unconditional, help: "The longest completion in tokens.")
    var maxTokens = 256

    @Option(help: "The same seed gives the same tokens.")
    var seed: UInt64 = 0

    @Option(help: "A text that ends a completion and stays part of it; may be repeated.")
    var stop: [String] = []

    @Option(
        name: .customLong("cache-budget"),
        help: """
            Memory for keys and values, such as 512MiB or 4GiB; default: a quarter of what is free.
            """,
        transform: SamplingOptions.bytes)
    var cacheBytes: Int?

    var parameters: SamplingParameters {
        SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repetitionPenalty: repetitionPenalty, maxTokens: maxTokens)
    }

    func validate() throws {
        if stop.contains("") { throw ValidationError("--stop must not be empty") }
        do throws(EngineError) {
            try parameters.validate()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func stopCondition(_ language: LanguageModel) -> StopStrings? {
        stop.isEmpty ? nil : StopStrings(stop, tokenizer: language.text.tokenizer)
    }

    func engine(_ language: LanguageModel) throws -> Engine {
        try Engine(
            model: language.model, endTokens: language.endTokens,
            limits: EngineLimits(cacheBytes: cacheBytes))
    }

    private static func bytes(_ text: String) throws -> Int {
        guard let count = ByteCount(text), count.bytes > 0 else {
            throw ValidationError("'\(text)' is no size such as 512MiB or 4GiB")
        }
        return count.bytes
    }
}
