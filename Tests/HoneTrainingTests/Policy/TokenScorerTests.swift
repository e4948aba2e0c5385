import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneTraining
import TestSupport
import Testing
import Torch

@Suite struct TokenScorerTests {
    private func model() throws -> DecoderModel {
        try DecoderModel.load(folder: Fixtures.url("models/qwen3-tied"))
    }

    @Test func scoresWhatTheEngineDrew() throws {
        let model = try model()
        let requests = (0..<3).map { row in
            GenerationRequest(
                promptTokens: (0..<6 + 5 * row).map { Int32(($0 * 7 + row) % 50) }, count: 2,
                parameters: SamplingParameters(temperature: 1.3, maxTokens: 12),
                stream: RandomStream(seed: 5, row: row))
        }
        let drawn = try Engine(
            model: model, endTokens: [], limits: EngineLimits(cacheBytes: 4 << 20)
        ).generate(requests)
        let completions = zip(requests, drawn).flatMap { request, group in
            group.map { (request.promptTokens, $0) }
        }
        let items = completions.map { TokenScorer.Item(prompt: $0, completion: $1.tokens) }
        // A budget of 40 places needs several calls, each of rows of different lengths.
        let scorer = TokenScorer(model: model, temperature: 1.3, tokenBudget: 40)
        let scores = try scorer.score(items)
        for (score, (_, completion)) in zip(scores, completions) {
            #expect(score.count == completion.tokens.count)
            for (a, b) in zip(score, completion.logProbabilities) { #expect(abs(a - b) < 1e-4) }
        }
        #expect(scores.count == items.count)
    }

    @Test func emptyCompletionsHaveNoScores() throws {
        let scorer = TokenScorer(model: try model())
        let items = [
            TokenScorer.Item(prompt: [1, 2], completion: []),
            TokenScorer.Item(prompt: [1, 2], completion: [3]),
        ]
        #expect(try scorer.score(items).map(\.count) == [0, 1])
        #expect(try scorer.score([items[0]]) == [[]])
    }

    @Test func refusesWhatTheModelCannotRead() throws {
        let model = try model()
        let scorer = TokenScorer(model: model)
        let size = model.config.vocabularySize
        #expect(scorer.refusal(of: .init(prompt: [], completion: [1])) == .emptyPrompt)
        #expect(
            scorer.refusal(of: .init(prompt: [1], completion: [Int32(size)]))
                == .unknownToken(token: Int32(size), vocabularySize: size))
        let longest = model.config.maximumLength
        #expect(
            scorer.refusal(of: .init(prompt: [1], completion: .init(repeating: 1, count: longest)))
                == .tooLong(tokens: longest + 1, maximumLength: longest))
        #expect(throws: TokenScorerError.emptyPrompt) {
            try scorer.score([.init(prompt: [], completion: [1])])
        }
    }
}
